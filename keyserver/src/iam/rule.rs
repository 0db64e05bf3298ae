//! What a policy may say: the checks on a new rule.
//!
//! *Invariant:* [`Rule::new`] is how a rule from a request is made; texts in it are short and of harmless characters.

use crate::{
    error::Error,
    iam::{
        policy::{KEY_PROTECT, Origin, Rule, Scope, ServiceType, Source, Subject},
        roles::Role,
    },
};

const MAX_ID_BYTES: usize = 256;
const MAX_DESCRIPTION_CHARS: usize = 300;

impl Rule {
    /// Checks the parts of a rule on their own and against each other.
    pub(crate) fn new(
        description: Option<String>,
        subject: Subject,
        mut roles: Vec<Role>,
        scope: Scope,
    ) -> Result<Self, Error> {
        let too_long = |text: &String| text.chars().count() > MAX_DESCRIPTION_CHARS;
        if description.as_ref().is_some_and(too_long) {
            return Err(Error::InvalidField { name: "description", why: "a description has at most 300 characters" });
        }
        if !is_id(&scope.account) {
            return Err(resources("`accountId` is not the id of an account"));
        }
        if scope.service.as_deref().is_some_and(|name| !is_service(name)) {
            return Err(resources("`serviceName` has lower-case letters, digits and `-`"));
        }
        if scope.service.is_none() && scope.instance.is_some() {
            return Err(resources("`serviceInstance` needs `serviceName`"));
        }
        if scope.service.is_some() && scope.service_type == Some(ServiceType::PlatformService) {
            return Err(resources("`serviceName` is not a platform service"));
        }
        if (scope.ring.is_some() || scope.key.is_some()) && scope.service.as_deref() != Some(KEY_PROTECT) {
            return Err(resources("keys and key rings need `serviceName` kms"));
        }
        let others =
            scope.service_type.is_some() || scope.service.is_some() || scope.ring.is_some() || scope.key.is_some();
        if scope.group.as_ref().is_some_and(|group| others || !is_id(group)) {
            return Err(resources(
                "of a resource group itself, `resource` has the id, and no service is named with it",
            ));
        }
        roles.sort_by_key(|role| *role as u8);
        roles.dedup();
        match &subject {
            Subject::Identity(iam_id) => check_access(iam_id, &roles)?,
            Subject::Service(source) => check_authorization(source, &roles, &scope)?,
        }
        Ok(Self { description, subject, roles, scope })
    }
}

fn check_access(iam_id: &str, roles: &[Role]) -> Result<(), Error> {
    if !is_id(iam_id) {
        return Err(subjects("`iam_id` is not the id of an identity"));
    }
    if roles.is_empty() || roles.contains(&Role::AuthorizationDelegator) {
        return Err(Error::InvalidField { name: "roles", why: "an access policy gives at least one role of people" });
    }
    Ok(())
}

fn check_authorization(source: &Source, roles: &[Role], scope: &Scope) -> Result<(), Error> {
    const ROLES: Error = Error::InvalidField {
        name: "roles",
        why: "an authorization gives one of Reader, ReaderPlus, Writer, Manager, and AuthorizationDelegator with it at most",
    };
    if source.account != scope.account {
        return Err(subjects("`accountId` must be the account of the target: accounts are kept apart"));
    }
    let origin = match &source.origin {
        Origin::Service(name) => is_service(name),
        Origin::ResourceGroup(id) => is_id(id),
    };
    if !origin {
        return Err(subjects("not the name of a service or the id of a resource group"));
    }
    if source.resource_type.as_ref().is_some_and(|kind| !is_service(kind)) {
        return Err(subjects("`resourceType` has lower-case letters, digits and `-`"));
    }
    if scope.service.as_deref() != Some(KEY_PROTECT) {
        return Err(resources("the target of an authorization is `serviceName` kms"));
    }
    let uses = |role: &&Role| Role::Manager.includes(**role) && **role != Role::KmipAdapterManager;
    let others = roles.iter().any(|role| !uses(&role) && *role != Role::AuthorizationDelegator);
    if others || roles.iter().filter(uses).count() != 1 {
        return Err(ROLES);
    }
    Ok(())
}

fn is_service(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn is_id(text: &str) -> bool {
    (1..=MAX_ID_BYTES).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

const fn subjects(why: &'static str) -> Error {
    Error::InvalidField { name: "subjects", why }
}

const fn resources(why: &'static str) -> Error {
    Error::InvalidField { name: "resources", why }
}
