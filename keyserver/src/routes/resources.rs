//! `/v2/resource_instances`.
//!
//! *Invariant:* extract → service → reply; what is ordered is understood completely or refused.

use axum::extract::State;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use uuid::Uuid;

use crate::{
    error::Error,
    keys::{
        catalogue::{Offer, Plan},
        crn::{Crn, InstanceId},
        instance::{Resource, ResourceState, RootKeyName},
        instance_policy::AllowedNetwork,
        key::KeyId,
    },
    routes::{
        extract::{
            Body, Params,
            services::{EntityLock, ResourceName},
        },
        keys::date,
        reply::Reply,
        wire::resources as wire,
    },
    service::{
        call::Call,
        ordering::{self, NewResource},
        resources::{self as service, ResourceChange, ResourcePage, ResourceQuery},
        root_key::KeyChoice,
    },
    state::App,
};

const MAX_PAGE: usize = 100;
const MAX_NAME_CHARS: usize = 180;
const MAX_GROUP_CHARS: usize = 64;
/// What older clients put before a region.
const TARGET_PREFIX: &str = "bluemix-";

pub(super) async fn create(State(app): State<App>, call: Call, EntityLock(locked): EntityLock, body: Body) -> Reply {
    let input = body.required().and_then(|body| new_resource(body, locked?));
    Reply::json(ordering::create(&app, call, input).await, show)
}

pub(super) async fn list(State(app): State<App>, call: Call, params: Params) -> Reply {
    let listed = service::list(&app, call, query(&params)).await;
    Reply::json(listed, |page| collection(page, &params))
}

pub(super) async fn read(State(app): State<App>, call: Call, ResourceName(name): ResourceName) -> Reply {
    Reply::json(service::read(&app, call, name).await, show)
}

pub(super) async fn update(State(app): State<App>, call: Call, ResourceName(name): ResourceName, body: Body) -> Reply {
    let change = body.required().and_then(change);
    Reply::json(service::update(&app, call, name, change).await, show)
}

pub(super) async fn delete(State(app): State<App>, call: Call, ResourceName(name): ResourceName) -> Reply {
    Reply::empty(service::delete(&app, call, name).await)
}

pub(super) async fn lock(State(app): State<App>, call: Call, ResourceName(name): ResourceName) -> Reply {
    Reply::json(service::lock(&app, call, name, true).await, show)
}

pub(super) async fn unlock(State(app): State<App>, call: Call, ResourceName(name): ResourceName) -> Reply {
    Reply::json(service::lock(&app, call, name, false).await, show)
}

fn new_resource(body: wire::CreateInstance, locked: bool) -> Result<NewResource, Error> {
    let missing = |name| Error::InvalidField { name, why: "required" };
    let plan = plan(&body.resource_plan_id.ok_or(missing("resource_plan_id"))?)?;
    let mut parameters = body.parameters.unwrap_or_default();
    Ok(NewResource {
        name: name(body.name.ok_or(missing("name"))?)?,
        region: region(&body.target.ok_or(missing("target"))?)?,
        group: group(body.resource_group.ok_or(missing("resource_group"))?)?,
        allow_cleanup: body.allow_cleanup.unwrap_or_default(),
        locked,
        tags: tags(body.tags.unwrap_or_default())?,
        network: network(plan, parameters.allowed_network.take())?,
        key: key(parameters)?,
        plan,
    })
}

fn change(body: wire::UpdateInstance) -> Result<ResourceChange, Error> {
    let parameters = body.parameters.unwrap_or_default();
    if parameters.allowed_network.is_some() {
        return Err(NETWORK_STAYS);
    }
    Ok(ResourceChange {
        name: body.name.map(name).transpose()?,
        plan: body.resource_plan_id.as_deref().map(plan).transpose()?,
        allow_cleanup: body.allow_cleanup,
        names_a_key: [parameters.kms_key_crn, parameters.kms_key_name, parameters.kms_instance]
            .iter()
            .any(Option::is_some),
    })
}

/// Ignoring a restriction would widen access.
const NETWORK_STAYS: Error = Error::InvalidField {
    name: "parameters",
    why: "`allowed_network` is given when an instance is made; change it afterwards by the policy allowedNetwork of the instance",
};

fn name(text: String) -> Result<String, Error> {
    if !(1..=MAX_NAME_CHARS).contains(&text.chars().count()) || text.chars().any(char::is_control) {
        return Err(Error::InvalidField { name: "name", why: "a name has 1 to 180 printable characters" });
    }
    Ok(text)
}

fn region(target: &str) -> Result<String, Error> {
    let region = target.strip_prefix(TARGET_PREFIX).unwrap_or(target);
    let legal = (1..=40).contains(&region.len())
        && region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !legal {
        return Err(Error::InvalidField { name: "target", why: "a region, such as `us-south`, is needed" });
    }
    Ok(region.to_owned())
}

/// Any id will do: nothing is kept of a group but the policies and instances that name it.
fn group(text: String) -> Result<String, Error> {
    let legal = (1..=MAX_GROUP_CHARS).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if !legal {
        return Err(Error::InvalidField {
            name: "resource_group",
            why: "the id of a resource group has 1 to 64 letters, digits, `-` or `_`",
        });
    }
    Ok(text)
}

fn tags(tags: Vec<String>) -> Result<Vec<String>, Error> {
    let illegal = |tag: &String| !(1..=128).contains(&tag.chars().count()) || tag.chars().any(char::is_control);
    if tags.len() > 100 || tags.iter().any(illegal) {
        return Err(Error::InvalidField { name: "tags", why: "at most 100 tags of 1 to 128 printable characters" });
    }
    Ok(tags)
}

fn plan(id: &str) -> Result<Plan, Error> {
    let plan = Uuid::try_parse(id).ok().and_then(Plan::from_id);
    plan.ok_or(Error::InvalidField { name: "resource_plan_id", why: "not the id of a plan that is offered here" })
}

/// The network that a new Key Protect instance is limited to, if it is.
fn network(plan: Plan, text: Option<String>) -> Result<Option<AllowedNetwork>, Error> {
    let invalid = |why| Err(Error::InvalidField { name: "parameters", why });
    match (text.as_deref(), plan.offer()) {
        (None, _) | (Some("public-and-private"), Offer::KeyProtect) => Ok(None),
        (Some("private-only"), Offer::KeyProtect) => Ok(Some(AllowedNetwork::PrivateOnly)),
        (Some(_), Offer::KeyProtect) => invalid("`allowed_network` is `public-and-private` or `private-only`"),
        (Some(_), Offer::Objects) => invalid("`allowed_network` is for instances of Key Protect"),
    }
}

/// The root key of a new instance, by CRN or by name; never both.
fn key(parameters: wire::ParametersIn) -> Result<Option<KeyChoice>, Error> {
    let invalid = |why| Err(Error::InvalidField { name: "parameters", why });
    let wire::ParametersIn { kms_key_crn, kms_key_name, kms_instance, .. } = parameters;
    match (kms_key_crn, kms_key_name, kms_instance) {
        (None, None, None) => Ok(None),
        (Some(crn), None, None) => by_crn(&crn).map(Some),
        (None, Some(name), Some(instance)) => {
            let id = instance_id(&instance).ok_or(Error::InvalidField {
                name: "parameters",
                why: "`kms_instance` is the GUID or CRN of a Key Protect instance",
            })?;
            Ok(Some(KeyChoice::Name { instance: id, name }))
        }
        (None, Some(_), None) => invalid("`kms_key_name` needs `kms_instance`, the Key Protect instance it is in"),
        _ => invalid("give either `kms_key_crn` or `kms_key_name` with `kms_instance`"),
    }
}

fn by_crn(text: &str) -> Result<KeyChoice, Error> {
    const NOT_A_KEY: Error =
        Error::InvalidField { name: "parameters", why: "`kms_key_crn` is not the CRN of a Key Protect key" };
    let crn = Crn::parse(text).filter(|crn| crn.service == "kms" && crn.resource_type == "key").ok_or(NOT_A_KEY)?;
    let (Some(instance), Ok(key)) = (crn.instance, Uuid::try_parse(&crn.resource)) else { return Err(NOT_A_KEY) };
    let key = RootKeyName { instance: InstanceId(instance), key: KeyId(key) };
    Ok(KeyChoice::Crn { region: crn.location, account: crn.account, key })
}

fn instance_id(text: &str) -> Option<InstanceId> {
    match Uuid::try_parse(text) {
        Ok(id) => Some(InstanceId(id)),
        Err(_) => Crn::parse(text).filter(|crn| crn.service == "kms").and_then(|crn| crn.instance).map(InstanceId),
    }
}

fn query(params: &Params) -> Result<ResourceQuery, Error> {
    let guid = |name: &'static str| -> Result<Option<Uuid>, Error> {
        let parse = |text| Uuid::try_parse(text).map_err(|_| Error::InvalidQuery { name, why: "not a GUID" });
        params.get(name).map(parse).transpose()
    };
    // Every instance here is one of a service; asking for another type is asking for nothing.
    if params.get("type").is_some_and(|kind| kind != TYPE) {
        return Err(Error::InvalidQuery { name: "type", why: "only `service_instance` is offered" });
    }
    let limit = params.number("limit", 1..=MAX_PAGE, "must be a number from 1 to 100")?;
    let state = |name| {
        ResourceState::from_name(name)
            .ok_or(Error::InvalidQuery { name: "state", why: "must be active, pending_reclamation or removed" })
    };
    Ok(ResourceQuery {
        id: guid("guid")?.map(InstanceId),
        name: params.get("name").map(str::to_owned),
        group: params.get("resource_group_id").map(str::to_owned),
        offer: guid("resource_id")?,
        plan: guid("resource_plan_id")?,
        service: params.get("sub_type").map(str::to_owned),
        state: params.get("state").map(state).transpose()?,
        updated_from: moment(params, "updated_from", false)?,
        updated_to: moment(params, "updated_to", true)?,
        start: guid("start")?.map(InstanceId),
        limit: limit.unwrap_or(MAX_PAGE),
    })
}

/// A date, meaning its whole day in UTC, or a date and time.
fn moment(params: &Params, name: &'static str, end_of_day: bool) -> Result<Option<Timestamp>, Error> {
    let invalid = Error::InvalidQuery { name, why: "must be a date or an RFC 3339 date and time" };
    let Some(text) = params.get(name) else { return Ok(None) };
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(Some(at));
    }
    let Ok(day) = text.parse::<Date>() else { return Err(invalid) };
    let start = if end_of_day { day.tomorrow().unwrap_or(day) } else { day };
    TimeZone::UTC.to_timestamp(start.at(0, 0, 0, 0)).map(Some).map_err(|_| invalid)
}

const TYPE: &str = "service_instance";

fn collection(page: ResourcePage, params: &Params) -> wire::Instances {
    let last = page.resources.last().filter(|_| page.more).map(|resource| resource.id);
    let next_url = last.map(|last| {
        let kept = params.all().filter(|(name, _)| name != "start");
        let pairs: Vec<(&str, &str)> = kept.map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let query = serde_urlencoded::to_string(pairs).unwrap_or_default();
        let rest = if query.is_empty() { query } else { format!("&{query}") };
        format!("/v2/resource_instances?start={last}{rest}")
    });
    wire::Instances {
        rows_count: page.resources.len(),
        next_url,
        resources: page.resources.into_iter().map(show).collect(),
    }
}

pub(super) fn show(resource: Resource) -> wire::Instance {
    let crn = resource.crn();
    let target = format!("{}:{}", resource.plan.id(), resource.region);
    let url = format!("/v2/resource_instances/{}", resource.id);
    let kms = resource.root_key.map(|root| {
        let prefix = format!("crn:v1:bluemix:public:kms:{}:a/{}:{}", resource.region, resource.account, root.instance);
        (root, format!("{prefix}::"), format!("{prefix}:key:{}", root.key))
    });
    let (updated, deleted) = (resource.updated, resource.reclamation);
    wire::Instance {
        id: crn.clone(),
        guid: resource.id.to_string(),
        crn,
        name: resource.name,
        region_id: resource.region.clone(),
        resource_id: resource.plan.offer().id().to_string(),
        resource_plan_id: resource.plan.id().to_string(),
        resource_group_crn: format!(
            "crn:v1:bluemix:public:resource-controller::a/{}::resource-group:{}",
            resource.account, resource.group
        ),
        resource_group_id: resource.group,
        target_crn: format!("crn:v1:bluemix:public:globalcatalog::::deployment:{target}"),
        account_id: resource.account,
        parameters: wire::Parameters { kms_key_crn: kms.as_ref().map(|(_, _, key)| key.clone()) },
        state: resource.state.name(),
        r#type: TYPE,
        sub_type: resource.service.clone(),
        allow_cleanup: resource.allow_cleanup,
        locked: resource.locked,
        last_operation: wire::LastOperation {
            r#type: resource.last_operation.name(),
            state: "succeeded",
            r#async: false,
            description: "Completed",
            cancelable: false,
            poll: false,
        },
        dashboard_url: None,
        plan_history: [wire::PlanHistory {
            resource_plan_id: resource.plan.id().to_string(),
            start_date: date(resource.created.at),
        }],
        extensions: wire::Extensions {
            objects_path: kms.as_ref().map(|_| format!("/services/v1/{}/objects", resource.id)),
            encryption: kms.map(|(root, kms_instance_crn, kms_key_crn)| wire::Encryption {
                kms_key_crn,
                kms_instance_crn,
                kms_instance: root.instance.to_string(),
                key: root.key.to_string(),
            }),
        },
        resource_keys_url: format!("{url}/resource_keys"),
        resource_bindings_url: format!("{url}/resource_bindings"),
        resource_aliases_url: format!("{url}/resource_aliases"),
        url,
        controlled_by: "",
        tags: resource.tags,
        created_at: date(resource.created.at),
        created_by: resource.created.by,
        updated_at: updated.as_ref().map(|stamp| date(stamp.at)),
        updated_by: updated.map(|stamp| stamp.by),
        scheduled_reclaim_at: deleted
            .as_ref()
            .filter(|_| resource.state == ResourceState::PendingReclamation)
            .map(|deletion| date(deletion.due())),
        deleted_at: deleted.as_ref().map(|deletion| date(deletion.deleted.at)),
        deleted_by: deleted.map(|deletion| deletion.deleted.by),
    }
}
