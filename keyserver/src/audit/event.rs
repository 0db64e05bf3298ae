//! Events in the shape of CADF as Activity Tracker has it.
//!
//! *Invariant:* takes names, ids and states only; there is no field for a payload, data key, AAD, token or API key.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::{
    audit::{Entry, names::Names, policy::PolicyValues},
    error::{Error, upstream::UpstreamError},
    iam::{
        caller::{Caller, Kind},
        identity::Principal,
        roles::Action,
    },
    keys::{
        crn::{Instance, InstanceId},
        import_token::ImportToken,
        instance::Resource,
        key::{Key, KeyId},
        object::ObjectName,
        ring::RingId,
        version::{Version, VersionId},
    },
};

/// What an event keeps of a path or `User-Agent`.
const MAX_FOREIGN_BYTES: usize = 256;

/// Status of the answer, as the event tells it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reason {
    /// HTTP status code.
    pub(crate) code: u16,
    /// Its reason phrase.
    pub(crate) phrase: &'static str,
    /// What the status makes of the severity, if anything.
    pub(crate) severity: Option<Severity>,
}

/// How much attention an event deserves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    /// Daily business.
    Normal,
    /// Changes access, or went wrong.
    Warning,
    /// Destroys access, or was refused.
    Critical,
}

/// What is known of a request while it is being served.
#[derive(Debug, Clone)]
pub(crate) struct Trail {
    /// What was asked for.
    pub(crate) action: Action,
    /// Id of the request.
    pub(crate) correlation: Uuid,
    at: Timestamp,
    uri: String,
    host: Option<String>,
    agent: Option<String>,
    initiator: Option<Initiator>,
    asked_by: Option<(String, String)>,
    instance: Option<Instance>,
    service: Option<(InstanceId, String)>,
    target: Option<Target>,
    key: Option<KeyId>,
    request: RequestData,
    response: ResponseData,
    recorded: bool,
}

#[derive(Debug, Clone)]
struct Initiator {
    id: String,
    name: String,
    kind: Initiates,
}

/// What kind of initiator it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Initiates {
    User,
    ServiceId,
    /// A service instance.
    Instance,
    /// The server, at its own chores.
    Server,
}

impl Initiates {
    const fn type_uri(self) -> &'static str {
        match self {
            Self::User => "service/security/account/user",
            Self::ServiceId => "service/security/account/serviceid",
            Self::Instance | Self::Server => "service/security/clientid",
        }
    }
}

#[derive(Debug, Default, Clone, Serialize)]
struct Target {
    id: String,
    name: String,
    #[serde(rename = "typeURI")]
    type_uri: &'static str,
}

#[derive(Debug, Default, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestData {
    #[serde(rename = "requestURI", skip_serializing_if = "String::is_empty")]
    request_uri: String,
    #[serde(rename = "instanceID", skip_serializing_if = "Option::is_none")]
    instance_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_ring_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_value: Option<PolicyValues>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_value: Option<PolicyValues>,
}

#[derive(Debug, Default, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseData {
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_version_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_version_creation_date: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_state: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration_date: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    days_to_key_expire: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rewrapped_key_version_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_resources: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_ring_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_allowed_retrievals: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remaining_retrievals: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream_correlation_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    id: Uuid,
    event_time: String,
    action: &'static str,
    outcome: &'static str,
    severity: Severity,
    message: String,
    correlation_id: Uuid,
    initiator: EventInitiator<'a>,
    target: &'a Target,
    reason: EventReason,
    observer: Observer,
    #[serde(rename = "logSourceCRN", skip_serializing_if = "Option::is_none")]
    log_source_crn: Option<String>,
    save_service_copy: bool,
    data_event: bool,
    request_data: &'a RequestData,
    response_data: &'a ResponseData,
}

#[derive(Serialize)]
struct EventInitiator<'a> {
    id: &'a str,
    name: &'a str,
    #[serde(rename = "authnId", skip_serializing_if = "Option::is_none")]
    authn_id: Option<&'a str>,
    #[serde(rename = "authnName", skip_serializing_if = "Option::is_none")]
    authn_name: Option<&'a str>,
    #[serde(rename = "typeURI")]
    type_uri: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    credential: Option<Credential>,
    host: Host<'a>,
}

#[derive(Serialize)]
struct Credential {
    r#type: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Host<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EventReason {
    reason_code: u16,
    reason_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason_for_failure: Option<String>,
}

#[derive(Serialize)]
struct Observer {
    name: &'static str,
}

/// Where a request came from and what it asked for.
#[derive(Debug, Default)]
pub(crate) struct Origin {
    /// Path without query.
    pub(crate) uri: String,
    /// Peer address.
    pub(crate) host: Option<String>,
    /// `User-Agent`.
    pub(crate) agent: Option<String>,
    /// Id of the request.
    pub(crate) correlation: Uuid,
}

impl Trail {
    /// Starts with what every request has.
    pub(crate) fn begin(action: Action, origin: Origin, at: Timestamp) -> Self {
        let Origin { uri, host, agent, correlation } = origin;
        let (uri, agent) = (bounded(uri), agent.map(bounded));
        Self {
            action,
            correlation,
            at,
            host,
            agent,
            initiator: None,
            asked_by: None,
            instance: None,
            service: None,
            target: None,
            key: None,
            request: RequestData { request_uri: uri.clone(), ..RequestData::default() },
            response: ResponseData::default(),
            recorded: false,
            uri,
        }
    }

    /// Who asks.
    pub(crate) fn caller(&mut self, caller: &Caller) {
        let kind = match caller.kind() {
            Kind::User => Initiates::User,
            Kind::ServiceId => Initiates::ServiceId,
            Kind::Instance(_) => Initiates::Instance,
        };
        self.initiated(caller.iam_id(), caller.name(), kind);
    }

    /// Who asks, when it is not a token that says so.
    pub(crate) fn identity(&mut self, iam_id: &str, name: &str) {
        self.initiated(iam_id, name, Initiates::ServiceId);
    }

    /// Who asks, when an API key says so.
    pub(crate) fn principal(&mut self, principal: &Principal) {
        let kind = match principal {
            Principal::User(_) => Initiates::User,
            Principal::ServiceId(_) => Initiates::ServiceId,
            Principal::Instance(_) => Initiates::Instance,
        };
        self.initiated(&principal.iam_id(), &principal.name(), kind);
    }

    fn initiated(&mut self, iam_id: &str, name: &str, kind: Initiates) {
        self.initiator = Some(Initiator { id: iam_id.to_owned(), name: name.to_owned(), kind });
    }

    /// Starts what no instance is concerned by: the server, or its operator at the command line, looks after the
    /// installation.
    pub(crate) fn of_installation(action: Action, correlation: Uuid, at: Timestamp) -> Self {
        let mut trail = Self::begin(action, Origin { correlation, ..Origin::default() }, at);
        trail.initiated("envelock-keyserver", "", Initiates::Server);
        trail
    }

    /// Starts what nobody asked for: the server acts for one of its instances.
    pub(crate) fn of_server(action: Action, instance: &Instance, correlation: Uuid, at: Timestamp) -> Self {
        let mut trail = Self::begin(action, Origin { correlation, ..Origin::default() }, at);
        trail.instance(instance);
        trail.initiated(&instance.iam_id(), &instance.name, Initiates::Server);
        trail
    }

    /// What asked goes on as a service instance that does it for the one who asked.
    pub(crate) fn acting_as(&mut self, caller: &Caller) {
        self.asked_by = self.initiator.take().map(|initiator| (initiator.id, initiator.name));
        self.caller(caller);
    }

    /// In which instance.
    pub(crate) fn instance(&mut self, instance: &Instance) {
        self.request.instance_id = Some(instance.id.to_string());
        self.instance = Some(instance.clone());
    }

    /// On which service instance.
    pub(crate) fn resource(&mut self, resource: &Resource) {
        self.request.instance_id = Some(resource.id.to_string());
        self.service = Some((resource.id, resource.crn()));
        let type_uri = Names::of(self.action).type_uri;
        self.target = Some(Target { id: resource.crn(), name: resource.name.clone(), type_uri });
    }

    /// On which object of it.
    pub(crate) fn object(&mut self, resource: &Resource, name: &ObjectName) {
        let id = format!("{}object:{}", resource.crn().trim_end_matches(':').to_owned() + ":", name.as_str());
        let type_uri = Names::of(self.action).type_uri;
        self.target = Some(Target { id: bounded(id), name: bounded(name.as_str().to_owned()), type_uri });
    }

    /// For which ring.
    pub(crate) fn ring(&mut self, ring: &RingId) {
        self.request.key_ring_id = Some(ring.as_str().to_owned());
    }

    /// On which key, with the state it has now.
    pub(crate) fn key(&mut self, key: &Key, now: Timestamp) {
        if let Some(instance) = &self.instance {
            self.target =
                Some(Target { id: instance.key_crn(key.id), name: key.name.clone(), type_uri: "kms/secrets" });
        }
        self.request.key_type = Some(if key.extractable { "standard_key" } else { "root_key" });
        self.key = Some(key.id);
        self.response.key_id = Some(key.id.to_string());
        self.response.key_state = Some(key.state(now).number());
        self.response.expiration_date = key.expires_at;
        self.response.days_to_key_expire = key.expires_at.map(|at| at.duration_since(now).as_hours() / 24);
    }

    /// Which version did it.
    pub(crate) fn version(&mut self, version: Version) {
        self.response.key_version_id = Some(version.id.to_string());
        self.response.key_version_creation_date = Some(version.created_at);
    }

    /// Which newer version the data key was wrapped under again.
    pub(crate) fn rewrapped(&mut self, version: VersionId) {
        self.response.rewrapped_key_version_id = Some(version.to_string());
    }

    /// Id of the call to the key service that holds the key; the first, where there were several.
    pub(crate) fn upstream(&mut self, correlation: Option<String>) {
        if self.response.upstream_correlation_id.is_none() {
            self.response.upstream_correlation_id = correlation;
        }
    }

    /// What policies were and what they become.
    pub(crate) fn policies(&mut self, before: PolicyValues, after: PolicyValues) {
        self.request.initial_value = Some(before);
        self.request.new_value = Some(after);
    }

    /// Into which ring.
    pub(crate) fn moved(&mut self, ring: &RingId) {
        self.response.key_ring_id = Some(ring.as_str().to_owned());
    }

    /// How often an import token could be and can be retrieved.
    pub(crate) fn retrievals(&mut self, token: &ImportToken) {
        self.response.max_allowed_retrievals = Some(token.max_retrievals);
        self.response.remaining_retrievals = Some(token.remaining_retrievals);
    }

    /// How many there were.
    pub(crate) fn total(&mut self, total: u64) {
        self.response.total_resources = Some(total);
    }

    /// On something that is not a key.
    pub(crate) fn other_target(&mut self, id: String, name: &str, type_uri: &'static str) {
        self.target = Some(Target { id, name: name.to_owned(), type_uri });
    }

    /// The same request and initiator, for a change that follows from the one asked for and has its own event.
    pub(crate) fn consequence(&self, action: Action) -> Self {
        Self { action, target: None, key: None, response: ResponseData::default(), recorded: false, ..self.clone() }
    }

    /// Its event was stored together with the change it tells of.
    pub(crate) fn recorded(&mut self) {
        self.recorded = true;
    }

    pub(super) fn is_recorded(&self) -> bool {
        self.recorded
    }

    pub(super) fn entry(&self, id: Uuid, reason: Reason, failure: Option<&Error>) -> Result<Entry, Error> {
        let names = Names::of(self.action);
        let default_target = Target { id: self.uri.clone(), name: String::new(), type_uri: names.type_uri };
        let target = self.target.as_ref().unwrap_or(&default_target);
        let kind = self.initiator.as_ref().map_or(Initiates::ServiceId, |initiator| initiator.kind);
        let asked_by = self.asked_by.as_ref();
        let key_protect = self.instance.as_ref().map(|instance| (instance.id, instance.crn()));
        let (source, source_crn) = key_protect.or_else(|| self.service.clone()).unzip();
        let mut response = Cow::Borrowed(&self.response);
        if let Some(Error::Upstream(UpstreamError { correlation: Some(correlation), .. })) = failure {
            response.to_mut().upstream_correlation_id = Some(correlation.clone());
        }
        let event = Event {
            id,
            event_time: cadf_time(self.at),
            action: names.event,
            outcome: if failure.is_some() { "failure" } else { "success" },
            severity: reason.severity.unwrap_or(names.severity),
            message: message(names.message, &target.name, failure.is_some()),
            correlation_id: self.correlation,
            initiator: EventInitiator {
                id: self.initiator.as_ref().map_or("", |initiator| &initiator.id),
                name: self.initiator.as_ref().map_or("", |initiator| &initiator.name),
                authn_id: asked_by.map(|(id, _)| id.as_str()),
                authn_name: asked_by.map(|(_, name)| name.as_str()),
                type_uri: kind.type_uri(),
                credential: (kind != Initiates::Server).then_some(Credential { r#type: names.credential }),
                host: Host { address: self.host.as_deref(), agent: self.agent.as_deref() },
            },
            target,
            reason: EventReason {
                reason_code: reason.code,
                reason_type: reason.phrase,
                reason_for_failure: failure.map(ToString::to_string),
            },
            observer: Observer { name: "ActivityTracker" },
            log_source_crn: source_crn,
            save_service_copy: true,
            data_event: names.data_event,
            request_data: &self.request,
            response_data: &response,
        };
        let json = serde_json::to_string(&event).map_err(|_| Error::Corrupt("audit event"))?;
        Ok(Entry {
            at: self.at,
            instance: source,
            action: names.event,
            failed: failure.is_some(),
            initiator: self.initiator.as_ref().map(|initiator| initiator.id.clone()).unwrap_or_default(),
            key: self.key,
            correlation: self.correlation,
            json,
        })
    }
}

/// The start of a text that anybody may send without being known; an event of a refused request must not fill the disk.
fn bounded(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(MAX_FOREIGN_BYTES));
    text
}

fn message(what: &str, target: &str, failed: bool) -> String {
    let blank = if target.is_empty() { "" } else { " " };
    let suffix = if failed { " -failure" } else { "" };
    format!("{what}{blank}{target}{suffix}")
}

/// `YYYY-MM-DDTHH:mm:ss.SS+0000`
pub(crate) fn cadf_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.").to_string() + &format!("{:02}+0000", at.subsec_millisecond() / 10)
}
