//! Policies: who has which roles on what.
//!
//! *Invariant:* an attribute that is not understood is refused when the policy is made, never ignored; ignoring one would
//! widen access.

use uuid::Uuid;

use crate::{
    error::Error,
    iam::{caller::Caller, roles::Role},
    keys::{
        crn::{Crn, Instance, InstanceId},
        key::KeyId,
        ring::RingId,
    },
};

pub(crate) use crate::keys::{catalogue::KEY_PROTECT, instance::Stamp};

/// A stored policy.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    /// Its id.
    pub(crate) id: Uuid,
    /// What it says.
    pub(crate) rule: Rule,
    /// Whether it counts.
    pub(crate) state: PolicyState,
    /// When it was made, and by which IAM id.
    pub(crate) created: Stamp,
    /// When it was changed last, and by which IAM id.
    pub(crate) modified: Stamp,
    /// Counts changes of the rule, so that two writers cannot overwrite each other.
    pub(crate) revision: i64,
}

/// What a policy says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    /// Label.
    pub(crate) description: Option<String>,
    /// Who gets access.
    pub(crate) subject: Subject,
    /// Which roles they get.
    pub(crate) roles: Vec<Role>,
    /// On what.
    pub(crate) scope: Scope,
}

/// Whether a policy counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PolicyState {
    /// It does.
    Active,
    /// It was deleted; it can be made active again.
    Deleted,
}

impl PolicyState {
    /// Word in the API and the store.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Deleted => "deleted",
        }
    }

    /// The state with this word.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Self::Active, Self::Deleted].into_iter().find(|state| state.word() == word)
    }
}

/// Who gets access. The kind of subject is the type of the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Subject {
    /// Type `access`: the identity with this IAM id.
    Identity(String),
    /// Type `authorization`: service instances.
    Service(Source),
}

impl Subject {
    /// Type of a policy with such a subject.
    pub(crate) const fn policy_type(&self) -> &'static str {
        match self {
            Self::Identity(_) => "access",
            Self::Service(_) => "authorization",
        }
    }
}

/// The service instances that an authorization lets in; an absent part is no restriction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    /// Account they live in; always given.
    pub(crate) account: String,
    /// Name of their service, or the resource group they are in: one of the two is always given.
    pub(crate) origin: Origin,
    /// Only this instance.
    pub(crate) instance: Option<Uuid>,
    /// Only resources of this type inside an instance.
    pub(crate) resource_type: Option<String>,
}

/// Where a service instance comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A service, by name.
    Service(String),
    /// A resource group, by id.
    ResourceGroup(String),
}

impl Source {
    /// Name for events.
    pub(crate) fn label(&self) -> String {
        let (Origin::Service(name) | Origin::ResourceGroup(name)) = &self.origin;
        name.clone()
    }

    fn matches(&self, caller: &Caller) -> bool {
        let Some(crn) = caller.instance() else { return false };
        let from_there = match &self.origin {
            Origin::Service(name) => *name == crn.service,
            Origin::ResourceGroup(id) => caller.resource_group() == Some(id),
        };
        from_there
            && self.account == crn.account
            && self.instance.is_none_or(|instance| Some(instance) == crn.instance)
            && self.resource_type.as_ref().is_none_or(|kind| *kind == crn.resource_type)
    }
}

/// Kinds of services that a policy can name as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServiceType {
    /// Services that customers make instances of.
    Service,
    /// The account's own management: identities and policies.
    PlatformService,
}

impl ServiceType {
    /// Word in the API and the store.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::PlatformService => "platform_service",
        }
    }

    /// The type with this word.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Self::Service, Self::PlatformService].into_iter().find(|kind| kind.word() == word)
    }
}

/// What a policy reaches; an absent part is no restriction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope {
    /// The account it lives in; always given.
    pub(crate) account: String,
    /// Only services of this kind.
    pub(crate) service_type: Option<ServiceType>,
    /// Only this service, by name.
    pub(crate) service: Option<String>,
    /// Only this instance.
    pub(crate) instance: Option<Uuid>,
    /// Only this key ring.
    pub(crate) ring: Option<RingId>,
    /// Only this key.
    pub(crate) key: Option<KeyId>,
    /// The resource group with this id, and nothing that is in it.
    pub(crate) group: Option<String>,
}

impl Scope {
    /// Everything in an account.
    pub(crate) fn account(account: String) -> Self {
        Self { account, service_type: None, service: None, instance: None, ring: None, key: None, group: None }
    }

    /// Whether it reaches all that the other one reaches.
    pub(super) fn contains(&self, other: &Self) -> bool {
        fn same<T: PartialEq>(whole: Option<&T>, part: Option<&T>) -> bool {
            whole.is_none() || whole == part
        }
        let kind = match (self.service_type, &other.service) {
            (None, _) | (Some(ServiceType::Service), Some(_)) => true,
            (Some(kind), _) => other.service_type == Some(kind),
        };
        kind && self.account == other.account
            && same(self.service.as_ref(), other.service.as_ref())
            && same(self.instance.as_ref(), other.instance.as_ref())
            && same(self.ring.as_ref(), other.ring.as_ref())
            && same(self.key.as_ref(), other.key.as_ref())
            && same(self.group.as_ref(), other.group.as_ref())
    }

    /// Whether it reaches something in this Key Protect instance.
    fn reaches(&self, instance: &Instance) -> bool {
        self.account == instance.account
            && self.group.is_none()
            && self.service_type.is_none_or(|kind| kind == ServiceType::Service)
            && self.service.as_deref().is_none_or(|service| service == KEY_PROTECT)
            && self.instance.is_none_or(|id| InstanceId(id) == instance.id)
    }

    /// Whether it reaches the account's own identities and policies.
    fn reaches_account(&self, account: &str) -> bool {
        self.contains(&Self { service_type: Some(ServiceType::PlatformService), ..Self::account(account.to_owned()) })
    }
}

impl Policy {
    /// A policy that counts from now on.
    pub(crate) fn new(id: Uuid, rule: Rule, made: Stamp) -> Self {
        Self { id, rule, state: PolicyState::Active, modified: made.clone(), created: made, revision: 1 }
    }

    /// What a change must name as the state it is based on.
    pub(crate) fn etag(&self) -> String {
        format!("{}-{}", self.revision, self.id.simple())
    }

    /// Refuses a change that is based on another state.
    pub(crate) fn require_etag(&self, etag: &str) -> Result<(), Error> {
        if etag == self.etag() { Ok(()) } else { Err(Error::EtagMismatch) }
    }

    /// Whether it goes when this instance does: it is on that instance alone, or a service instance made it by delegation, and
    /// that one or the one it lets in is this instance.
    pub(crate) fn goes_with(&self, instance: &Crn) -> bool {
        if instance.instance.is_none() || self.rule.scope.account != instance.account {
            return false;
        }
        let maker = self.created.by.strip_prefix("crn-").and_then(Crn::parse);
        let lets_in = matches!(&self.rule.subject, Subject::Service(source) if source.instance == instance.instance);
        self.rule.scope.instance == instance.instance
            || maker.is_some_and(|maker| lets_in || maker.instance == instance.instance)
    }

    /// Whether it counts for this caller.
    pub(super) fn counts_for(&self, caller: &Caller) -> bool {
        let is_subject = match &self.rule.subject {
            // An instance is let in by authorizations alone, so that taking one away cannot be undermined by an access policy.
            Subject::Identity(iam_id) => caller.instance().is_none() && iam_id == caller.iam_id(),
            Subject::Service(source) => source.matches(caller),
        };
        is_subject && self.state == PolicyState::Active
    }

    /// Whether it reaches something in this Key Protect instance.
    pub(super) fn reaches(&self, instance: &Instance) -> bool {
        self.rule.scope.reaches(instance)
    }

    /// Whether it reaches the account's own identities and policies.
    pub(super) fn reaches_account(&self, account: &str) -> bool {
        self.rule.scope.reaches_account(account)
    }
}
