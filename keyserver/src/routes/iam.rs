//! `/v1/serviceids`, `/v1/apikeys`, `/v1/policies`.
//!
//! *Invariant:* extract → service → reply; a policy that is not understood completely is refused.

use axum::extract::State;
use uuid::Uuid;

use crate::{
    error::Error,
    iam::{
        identity::ServiceId,
        policy::{Policy, Scope, Service},
        roles::Role,
    },
    keys::{crn::InstanceId, key::KeyId},
    routes::{
        extract::{Body, IdInPath, Params},
        keys::date,
        reply::Reply,
        wire,
    },
    service::{
        call::Call,
        iam::{self as service, CreatedApiKey, NewApiKey, NewPolicy, NewServiceId},
    },
    state::App,
};

pub(super) async fn create_service_id(State(app): State<App>, call: Call, body: Body) -> Reply {
    let input = body.required().and_then(new_service_id);
    Reply::json(service::create_service_id(&app, call, input).await, show_service_id)
}

pub(super) async fn service_ids(State(app): State<App>, call: Call) -> Reply {
    Reply::json(service::service_ids(&app, call).await, |identities| wire::ServiceIds {
        offset: 0,
        limit: identities.len(),
        serviceids: identities.into_iter().map(show_service_id).collect(),
    })
}

pub(super) async fn create_api_key(State(app): State<App>, call: Call, body: Body) -> Reply {
    let input = body.required().and_then(new_api_key);
    Reply::json(service::create_api_key(&app, call, input).await, show_api_key)
}

pub(super) async fn create_policy(State(app): State<App>, call: Call, body: Body) -> Reply {
    let input = body.required().and_then(new_policy);
    Reply::json(service::create_policy(&app, call, input).await, show_policy)
}

pub(super) async fn policies(State(app): State<App>, call: Call, params: Params) -> Reply {
    let missing = Error::InvalidQuery { name: "account_id", why: "required" };
    let account = params.get("account_id").map(str::to_owned).ok_or(missing);
    let account = account.and_then(|account| only_access(&params).map(|()| account));
    let subject = params.get("iam_id").map(str::to_owned);
    let listed = service::policies(&app, call, account, subject).await;
    Reply::json(listed, |policies| wire::Policies { policies: policies.into_iter().map(show_policy).collect() })
}

pub(super) async fn policy(State(app): State<App>, call: Call, IdInPath(id): IdInPath) -> Reply {
    Reply::json(service::policy(&app, call, id).await, show_policy)
}

pub(super) async fn delete_policy(State(app): State<App>, call: Call, IdInPath(id): IdInPath) -> Reply {
    Reply::empty(service::delete_policy(&app, call, id).await)
}

fn only_access(params: &Params) -> Result<(), Error> {
    match params.get("type") {
        None | Some("access") => Ok(()),
        Some(_) => Err(Error::InvalidQuery { name: "type", why: "only `access` policies are offered" }),
    }
}

const fn missing(name: &'static str) -> Error {
    Error::InvalidField { name, why: "required" }
}

fn new_service_id(body: wire::CreateServiceId) -> Result<NewServiceId, Error> {
    Ok(NewServiceId {
        name: body.name.filter(|name| !name.is_empty()).ok_or(missing("name"))?,
        description: body.description,
        account: body.account_id.ok_or(missing("account_id"))?,
    })
}

fn new_api_key(body: wire::CreateApiKey) -> Result<NewApiKey, Error> {
    let iam_id = body.iam_id.ok_or(missing("iam_id"))?;
    let owner = iam_id.strip_prefix("iam-ServiceId-").and_then(|id| Uuid::try_parse(id).ok());
    Ok(NewApiKey {
        name: body.name.filter(|name| !name.is_empty()).ok_or(missing("name"))?,
        description: body.description,
        owner: owner.ok_or(Error::InvalidField { name: "iam_id", why: "not the IAM id of a service ID" })?,
    })
}

fn new_policy(body: wire::CreatePolicy) -> Result<NewPolicy, Error> {
    const NOT_ACCESS: Error = Error::InvalidField { name: "type", why: "only `access` policies are offered" };
    const ROLE: Error = Error::InvalidField { name: "roles", why: "not the CRN of a role that is offered here" };
    if body.r#type.as_deref() != Some("access") {
        return Err(NOT_ACCESS);
    }
    let roles = body.roles.filter(|roles| !roles.is_empty()).ok_or(missing("roles"))?;
    let roles: Option<Vec<Role>> = roles.iter().map(|role| Role::from_crn(&role.role_id)).collect();
    Ok(NewPolicy {
        description: body.description,
        subject: subject(one("subjects", body.subjects)?)?,
        roles: roles.ok_or(ROLE)?,
        scope: scope(one("resources", body.resources)?)?,
    })
}

fn one(name: &'static str, parties: Option<Vec<wire::PolicyParty>>) -> Result<Vec<wire::PolicyAttribute>, Error> {
    let [party] = <[wire::PolicyParty; 1]>::try_from(parties.unwrap_or_default())
        .map_err(|_| Error::InvalidField { name, why: "exactly one entry is needed" })?;
    for attribute in &party.attributes {
        if attribute.operator.as_ref().is_some_and(|operator| operator != "stringEquals") {
            return Err(Error::InvalidField { name, why: "only the operator `stringEquals` is offered" });
        }
    }
    Ok(party.attributes)
}

fn subject(attributes: Vec<wire::PolicyAttribute>) -> Result<String, Error> {
    match <[wire::PolicyAttribute; 1]>::try_from(attributes) {
        Ok([attribute]) if attribute.name == "iam_id" && !attribute.value.is_empty() => Ok(attribute.value),
        _ => Err(Error::InvalidField { name: "subjects", why: "exactly one attribute `iam_id` is needed" }),
    }
}

fn scope(attributes: Vec<wire::PolicyAttribute>) -> Result<Scope, Error> {
    let invalid = |why| Error::InvalidField { name: "resources", why };
    let (mut account, mut service, mut instance, mut key, mut is_key) = (None, None, None, None, false);
    for wire::PolicyAttribute { name, value, .. } in attributes {
        let uuid = || Uuid::try_parse(&value).map_err(|_| invalid("`serviceInstance` and `resource` are UUIDs"));
        match name.as_str() {
            "accountId" => account = Some(value),
            "serviceName" => service = Some(Service::from_name(&value).ok_or(invalid("`serviceName` must be kms"))?),
            "serviceInstance" => instance = Some(InstanceId(uuid()?)),
            "resourceType" if value == "key" => is_key = true,
            "resource" => key = Some(KeyId(uuid()?)),
            _ => return Err(invalid("an attribute is not offered here; ignoring it would widen access")),
        }
    }
    if is_key != key.is_some() {
        return Err(invalid("`resourceType` key and `resource` are needed together"));
    }
    Ok(Scope { account: account.ok_or(invalid("`accountId` is required"))?, service, instance, key })
}

fn show_service_id(identity: ServiceId) -> wire::ServiceId {
    let created = date(identity.created_at);
    wire::ServiceId {
        id: identity.subject(),
        iam_id: identity.iam_id(),
        entity_tag: format!("1-{}", identity.id.simple()),
        crn: format!("crn:v1:bluemix:public:iam-identity::a/{}::serviceid:{}", identity.account, identity.subject()),
        locked: false,
        created_at: created.clone(),
        modified_at: created,
        account_id: identity.account,
        name: identity.name,
        description: identity.description,
    }
}

fn show_api_key(created: CreatedApiKey) -> wire::ApiKey {
    let CreatedApiKey { key, account, value } = created;
    let at = date(key.created_at);
    wire::ApiKey {
        id: format!("ApiKey-{}", key.id),
        entity_tag: format!("1-{}", key.id.simple()),
        crn: format!("crn:v1:bluemix:public:iam-identity::a/{account}::apikey:ApiKey-{}", key.id),
        locked: false,
        created_at: at.clone(),
        created_by: key.created_by,
        modified_at: at,
        name: key.name,
        description: key.description,
        iam_id: format!("iam-ServiceId-{}", key.owner),
        account_id: account,
        apikey: value,
    }
}

fn show_policy(policy: Policy) -> wire::Policy {
    let at = date(policy.created_at);
    let equals = |name: &str, value: String| wire::PolicyAttribute {
        name: name.to_owned(),
        value,
        operator: Some("stringEquals".to_owned()),
    };
    let Scope { account, service, instance, key } = policy.scope;
    let resource = [
        Some(equals("accountId", account)),
        service.map(|service| equals("serviceName", service.name().to_owned())),
        instance.map(|id| equals("serviceInstance", id.to_string())),
        key.map(|_| equals("resourceType", "key".to_owned())),
        key.map(|id| equals("resource", id.to_string())),
    ];
    let subject = wire::PolicyAttribute { name: "iam_id".to_owned(), value: policy.subject, operator: None };
    wire::Policy {
        id: policy.id.to_string(),
        r#type: "access",
        description: policy.description,
        subjects: [wire::PolicyParty { attributes: vec![subject] }],
        roles: policy
            .roles
            .iter()
            .map(|role| wire::PolicyRole { role_id: role.crn(), display_name: role.display_name() })
            .collect(),
        resources: [wire::PolicyParty { attributes: resource.into_iter().flatten().collect() }],
        href: format!("/v1/policies/{}", policy.id),
        created_at: at.clone(),
        created_by_id: policy.created_by.clone(),
        last_modified_at: at,
        last_modified_by_id: policy.created_by,
        state: "active",
    }
}
