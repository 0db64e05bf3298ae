//! Policies between their two wire shapes and the model.
//!
//! *Invariant:* an attribute that is not understood, or given twice, is refused; ignoring one would widen access.

use uuid::Uuid;

use crate::{
    error::Error,
    iam::{
        policy::{Origin, Policy, Rule, Scope, ServiceType, Source, Subject},
        roles::Role,
    },
    keys::{key::KeyId, ring::RingId},
    routes::{keys::date, wire::iam as wire},
};

/// Types of policies.
pub(super) const TYPES: [&str; 2] = ["access", "authorization"];
const EQUALS: &str = "stringEquals";
/// What a policy on a resource group itself names as its kind of target.
const RESOURCE_GROUP: &str = "resource-group";

/// Names and values.
type Attributes = Vec<(String, String)>;

pub(super) fn rule_v1(body: wire::PolicyIn) -> Result<Rule, Error> {
    let subject = v1("subjects", body.subjects)?;
    rule(body.r#type, body.description, subject, body.roles, v1("resources", body.resources)?)
}

pub(super) fn rule_v2(body: wire::PolicyV2In) -> Result<Rule, Error> {
    if body.rule.is_some() || body.pattern.is_some() {
        return Err(Error::InvalidField { name: "rule", why: "conditions of time and network are not offered" });
    }
    let roles = body.control.map(|control| control.grant.roles);
    let subject = v2("subjects", body.subject)?;
    rule(body.r#type, body.description, subject, roles, v2("resources", body.resource)?)
}

fn v1(name: &'static str, parties: Option<Vec<wire::Party>>) -> Result<Attributes, Error> {
    let [party] = <[wire::Party; 1]>::try_from(parties.unwrap_or_default())
        .map_err(|_| Error::InvalidField { name, why: "exactly one entry is needed" })?;
    let attributes = party.attributes.into_iter().map(|attribute| {
        let wire::Attribute { name, value, operator } = attribute;
        (name, operator, value)
    });
    checked(name, attributes)
}

fn v2(name: &'static str, party: Option<wire::PartyV2>) -> Result<Attributes, Error> {
    let party = party.ok_or(Error::InvalidField { name, why: "required" })?;
    let attributes = party.attributes.into_iter().map(|attribute| {
        let wire::AttributeV2 { key, operator, value } = attribute;
        (key, operator, value)
    });
    checked(name, attributes)
}

fn checked(
    name: &'static str,
    attributes: impl Iterator<Item = (String, Option<String>, String)>,
) -> Result<Attributes, Error> {
    let mut checked: Attributes = Vec::new();
    for (attribute, operator, value) in attributes {
        if operator.is_some_and(|operator| operator != EQUALS) {
            return Err(Error::InvalidField { name, why: "only the operator `stringEquals` is offered" });
        }
        if checked.iter().any(|(other, _)| *other == attribute) {
            return Err(Error::InvalidField { name, why: "an attribute is given twice" });
        }
        checked.push((attribute, value));
    }
    Ok(checked)
}

fn rule(
    policy_type: Option<String>,
    description: Option<String>,
    subject: Attributes,
    roles: Option<Vec<wire::RoleIn>>,
    resource: Attributes,
) -> Result<Rule, Error> {
    const TYPE: Error = Error::InvalidField { name: "type", why: "must be access or authorization" };
    const ROLE: Error = Error::InvalidField { name: "roles", why: "not the CRN of a role that is offered here" };
    let subject = match policy_type.as_deref() {
        Some("access") => Subject::Identity(identity(subject)?),
        Some("authorization") => Subject::Service(source(subject)?),
        _ => return Err(TYPE),
    };
    let roles: Option<Vec<Role>> = roles.unwrap_or_default().iter().map(|role| Role::from_crn(&role.role_id)).collect();
    Rule::new(description, subject, roles.ok_or(ROLE)?, scope(resource)?)
}

fn identity(attributes: Attributes) -> Result<String, Error> {
    match <[(String, String); 1]>::try_from(attributes) {
        Ok([(name, value)]) if name == "iam_id" => Ok(value),
        _ => Err(Error::InvalidField { name: "subjects", why: "exactly one attribute `iam_id` is needed" }),
    }
}

fn source(attributes: Attributes) -> Result<Source, Error> {
    let invalid = |why| Error::InvalidField { name: "subjects", why };
    let (mut account, mut service, mut group, mut instance, mut resource_type) = (None, None, None, None, None);
    for (name, value) in attributes {
        match name.as_str() {
            "accountId" => account = Some(value),
            "serviceName" => service = Some(value),
            "resourceGroupId" => group = Some(value),
            "serviceInstance" => instance = Some(uuid("subjects", &value)?),
            "resourceType" => resource_type = Some(value),
            _ => return Err(invalid("an attribute is not offered here; ignoring it would widen access")),
        }
    }
    let origin = match (service, group) {
        (Some(name), None) => Origin::Service(name),
        (None, Some(id)) if instance.is_none() => Origin::ResourceGroup(id),
        _ => {
            return Err(invalid("either `serviceName` or `resourceGroupId` is needed, the latter without an instance"));
        }
    };
    Ok(Source { account: account.ok_or(invalid("`accountId` is required"))?, origin, instance, resource_type })
}

fn scope(attributes: Attributes) -> Result<Scope, Error> {
    let invalid = |why| Error::InvalidField { name: "resources", why };
    let (mut account, mut service_type, mut service, mut instance) = (None, None, None, None);
    let (mut ring, mut kind, mut resource) = (None, None, None);
    for (name, value) in attributes {
        match name.as_str() {
            "accountId" => account = Some(value),
            "serviceType" => {
                let known = ServiceType::from_word(&value);
                service_type = Some(known.ok_or(invalid("`serviceType` is service or platform_service"))?);
            }
            "serviceName" => service = Some(value),
            "serviceInstance" => instance = Some(uuid("resources", &value)?),
            "keyRing" => {
                ring = Some(RingId::parse(&value).map_err(|_| invalid("`keyRing` is not the id of a key ring"))?)
            }
            "resourceType" => kind = Some(value),
            "resource" => resource = Some(value),
            _ => return Err(invalid("an attribute is not offered here; ignoring it would widen access")),
        }
    }
    let (key, group) = match (kind.as_deref(), resource) {
        (None, None) => (None, None),
        (Some("key"), Some(id)) => (Some(KeyId(uuid("resources", &id)?)), None),
        (Some(RESOURCE_GROUP), Some(id)) => (None, Some(id)),
        _ => return Err(invalid("`resourceType` is key or resource-group, and `resource` is needed with it")),
    };
    Ok(Scope {
        account: account.ok_or(invalid("`accountId` is required"))?,
        service_type,
        service,
        instance,
        ring,
        key,
        group,
    })
}

fn uuid(name: &'static str, text: &str) -> Result<Uuid, Error> {
    Uuid::try_parse(text).map_err(|_| Error::InvalidField { name, why: "`serviceInstance` and `resource` are UUIDs" })
}

pub(super) fn show_v1(policy: Policy) -> wire::Policy {
    let (head, rule) = head(policy, "v1");
    let party = |attributes: Attributes, operator: Option<&str>| {
        let attribute = |(name, value)| wire::Attribute { name, value, operator: operator.map(str::to_owned) };
        [wire::Party { attributes: attributes.into_iter().map(attribute).collect() }]
    };
    wire::Policy {
        head,
        subjects: party(subject_attributes(rule.subject), None),
        roles: rule.roles.iter().map(|role| show_role(*role)).collect(),
        resources: party(resource_attributes(rule.scope), Some(EQUALS)),
    }
}

pub(super) fn show_v2(policy: Policy) -> wire::PolicyV2 {
    let (head, rule) = head(policy, "v2");
    let party = |attributes: Attributes| {
        let attribute = |(key, value)| wire::AttributeV2 { key, operator: Some(EQUALS.to_owned()), value };
        wire::PartyV2 { attributes: attributes.into_iter().map(attribute).collect() }
    };
    wire::PolicyV2 {
        head,
        control: wire::Control {
            grant: wire::Grant {
                roles: rule.roles.iter().map(|role| wire::Role { display_name: None, ..show_role(*role) }).collect(),
            },
        },
        subject: party(subject_attributes(rule.subject)),
        resource: party(resource_attributes(rule.scope)),
    }
}

fn show_role(role: Role) -> wire::Role {
    wire::Role { role_id: role.crn(), display_name: Some(role.display_name()) }
}

fn head(policy: Policy, version: &str) -> (wire::PolicyHead, Rule) {
    let Policy { id, rule, state, created, modified, .. } = policy;
    let head = wire::PolicyHead {
        id: id.to_string(),
        r#type: rule.subject.policy_type(),
        description: rule.description.clone(),
        href: format!("/{version}/policies/{id}"),
        created_at: date(created.at),
        created_by_id: created.by,
        last_modified_at: date(modified.at),
        last_modified_by_id: modified.by,
        state: state.word(),
    };
    (head, rule)
}

fn subject_attributes(subject: Subject) -> Attributes {
    let source = match subject {
        Subject::Identity(iam_id) => return vec![("iam_id".to_owned(), iam_id)],
        Subject::Service(source) => source,
    };
    let origin = match source.origin {
        Origin::Service(name) => ("serviceName", name),
        Origin::ResourceGroup(id) => ("resourceGroupId", id),
    };
    named([
        Some(("accountId", source.account)),
        Some(origin),
        source.instance.map(|id| ("serviceInstance", id.to_string())),
        source.resource_type.map(|kind| ("resourceType", kind)),
    ])
}

fn resource_attributes(scope: Scope) -> Attributes {
    named([
        Some(("accountId", scope.account)),
        scope.service_type.map(|kind| ("serviceType", kind.word().to_owned())),
        scope.service.map(|name| ("serviceName", name)),
        scope.instance.map(|id| ("serviceInstance", id.to_string())),
        scope.ring.map(|ring| ("keyRing", ring.as_str().to_owned())),
        scope.key.map(|_| ("resourceType", "key".to_owned())),
        scope.key.map(|id| ("resource", id.to_string())),
        scope.group.as_ref().map(|_| ("resourceType", RESOURCE_GROUP.to_owned())),
        scope.group.map(|id| ("resource", id)),
    ])
}

fn named<const N: usize>(attributes: [Option<(&str, String)>; N]) -> Attributes {
    attributes.into_iter().flatten().map(|(name, value)| (name.to_owned(), value)).collect()
}
