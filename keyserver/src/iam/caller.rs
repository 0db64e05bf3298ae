//! Who makes a request.
//!
//! *Invariant:* a caller comes from a verified token, or from [`own_service`](super::own_service) for a service instance that
//! this very process serves; nothing else that a request carries says who asks.

use uuid::Uuid;

use crate::{
    error::Error,
    keys::{
        crn::Crn,
        instance::{Resource, ResourceState},
    },
};

/// Who makes a request.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    kind: Kind,
    iam_id: String,
    name: String,
    account: String,
    api_key: Option<Uuid>,
    resource_group: Option<String>,
}

/// What sort of identity a caller is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A person.
    User,
    /// A non-human identity of the account.
    ServiceId,
    /// A service instance acting for itself; only authorizations let it do anything.
    Instance(Crn),
}

impl Caller {
    /// From the claims of a verified token.
    pub(super) fn of_claims(
        iam_id: String,
        name: String,
        account: String,
        api_key: Option<Uuid>,
    ) -> Result<Self, Error> {
        let kind = match iam_id.strip_prefix("crn-") {
            Some(crn) => {
                let crn = Crn::parse(crn).filter(|crn| crn.account == account && crn.instance.is_some());
                Kind::Instance(crn.ok_or(Error::SubjectUnreadable)?)
            }
            None if iam_id.starts_with("iam-ServiceId-") => Kind::ServiceId,
            None if iam_id.starts_with("IBMid-") => Kind::User,
            None => return Err(Error::SubjectUnreadable),
        };
        Ok(Self { kind, iam_id, name, account, api_key, resource_group: None })
    }

    /// A service instance of this process, in its resource group.
    pub(super) fn of_instance(crn: Crn, resource_group: Option<String>) -> Self {
        let (iam_id, account) = (format!("crn-{crn}"), crn.account.clone());
        Self { kind: Kind::Instance(crn), iam_id, name: String::new(), account, api_key: None, resource_group }
    }

    /// The same service instance, in the resource group it was ordered into. [`Error::Denied`] if what was found under its GUID is
    /// something else, or deleted: a token says what an instance is called, the store whether it is there and where.
    pub(crate) fn found_as(self, resource: &Resource) -> Result<Self, Error> {
        let is_it = self.instance().is_some_and(|crn| crn.names(resource));
        if !is_it || resource.state != ResourceState::Active {
            return Err(Error::Denied);
        }
        Ok(Self { resource_group: Some(resource.group.clone()), ..self })
    }

    /// What sort of identity it is.
    pub(crate) fn kind(&self) -> &Kind {
        &self.kind
    }

    /// The id that policies and events name.
    pub(crate) fn iam_id(&self) -> &str {
        &self.iam_id
    }

    /// Label of the identity; empty for a service instance.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The account that the caller belongs to.
    pub(crate) fn account(&self) -> &str {
        &self.account
    }

    /// The API key that its token goes back to, if any: its own, or that of the operator of a service instance.
    pub(crate) fn api_key(&self) -> Option<Uuid> {
        self.api_key
    }

    /// The resource group of a service instance, where it is known.
    pub(super) fn resource_group(&self) -> Option<&str> {
        self.resource_group.as_deref()
    }

    /// UUID of a service ID.
    pub(crate) fn service_id(&self) -> Option<Uuid> {
        match self.kind {
            Kind::ServiceId => self.iam_id.strip_prefix("iam-ServiceId-").and_then(|id| Uuid::try_parse(id).ok()),
            Kind::User | Kind::Instance(_) => None,
        }
    }

    /// Its name, if it is a service instance.
    pub(crate) fn instance(&self) -> Option<&Crn> {
        match &self.kind {
            Kind::Instance(crn) => Some(crn),
            Kind::User | Kind::ServiceId => None,
        }
    }
}
