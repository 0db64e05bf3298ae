//! `/api/v2/instance/policies` and `/api/v2/instance/allowed_ip_port`.
//!
//! *Invariant:* extract → service → reply; a body becomes instance rules here and nowhere else.

use axum::extract::State;
use ipnet::IpNet;
use serde::de::DeserializeOwned;

use crate::{
    error::Error,
    keys::{
        instance_policy::{
            AllowedNetwork, CreateImportAccess, InstancePolicy, InstancePolicyKind as Kind, InstanceRule,
        },
        policy::Months,
    },
    routes::{
        extract::{Body, Params, parse_value},
        keys::date,
        policies::resources,
        reply::{self, Reply},
        wire::{self, instance_policies as wire_policies, policies::POLICY_COLLECTION},
    },
    service::{call::Call, instance_policies as service},
    state::App,
};

/// More networks than this are a mistake, and would be gone through for every request. The limit is this server's own.
const MAX_NETWORKS: usize = 1000;

pub(super) async fn read(State(app): State<App>, call: Call, params: Params) -> Reply {
    Reply::json(service::read(&app, call, kind(&params)).await, collection)
}

pub(super) async fn write(State(app): State<App>, call: Call, params: Params, body: Body) -> Reply {
    let rules = kind(&params).and_then(|only| rules(only, body.required()?));
    Reply::empty(service::write(&app, call, rules).await)
}

pub(super) async fn allowed_ip_port(State(app): State<App>, call: Call) -> Reply {
    Reply::json(service::allowed_ip_port(&app, call).await, |port| {
        let ports = port.map(|port| wire_policies::AllowedIpPort { private_endpoint_port: port });
        reply::collection(wire_policies::ALLOWED_IP_COLLECTION, ports.into_iter().collect(), None)
    })
}

fn kind(params: &Params) -> Result<Option<Kind>, Error> {
    const UNKNOWN: Error = Error::InvalidQuery {
        name: "policy",
        why: "an instance has the policies allowedNetwork, allowedIP, dualAuthDelete, keyCreateImportAccess, metrics and \
              rotation",
    };
    params.get("policy").map(|name| Kind::from_name(name).ok_or(UNKNOWN)).transpose()
}

fn rules(only: Option<Kind>, body: wire_policies::CollectionIn) -> Result<Vec<InstanceRule>, Error> {
    let total = body.metadata.and_then(|metadata| metadata.collection_type.and(metadata.collection_total));
    let resources = resources(total, body.resources)?;
    if only.is_some() && resources.len() != 1 {
        return Err(Error::PolicyCount("with the query parameter `policy`, `resources` has one policy"));
    }
    if resources.is_empty() {
        return Err(Error::PolicyCount("`resources` needs the policies to set"));
    }
    let mut rules: Vec<InstanceRule> = Vec::with_capacity(resources.len());
    for policy in resources {
        let rule = rule(only, policy)?;
        if rules.iter().any(|earlier| earlier.kind() == rule.kind()) {
            return Err(Error::PolicyCount("`resources` has each policy once"));
        }
        rules.push(rule);
    }
    Ok(rules)
}

fn rule(only: Option<Kind>, policy: wire_policies::PolicyIn) -> Result<InstanceRule, Error> {
    const UNKNOWN: Error = Error::InvalidField { name: "policy_type", why: "not the name of a policy of instances" };
    let missing = |name| Error::InvalidField { name, why: "required" };
    let name = policy.policy_type.ok_or_else(|| missing("policy_type"))?;
    let kind = Kind::from_name(&name).ok_or(UNKNOWN)?;
    if only.is_some_and(|only| only != kind) {
        return Err(Error::PolicyMismatch);
    }
    let data = policy.policy_data.ok_or_else(|| missing("policy_data"))?;
    let enabled = data.enabled.ok_or_else(|| missing("enabled"))?;
    let given = Given { enabled, attributes: data.attributes.filter(|value| !value.is_null()) };
    match kind {
        Kind::AllowedNetwork => given.network(),
        Kind::AllowedIp => given.only_if_enabled(allowed_ip).map(InstanceRule::AllowedIp),
        Kind::KeyCreateImportAccess => given.only_if_enabled(access).map(InstanceRule::KeyCreateImportAccess),
        Kind::Rotation => given.only_if_enabled(interval).map(InstanceRule::Rotation),
        Kind::DualAuthDelete => given.without_attributes().map(InstanceRule::DualAuthDelete),
        Kind::Metrics => given.without_attributes().map(InstanceRule::Metrics),
    }
}

/// What a request says of one policy.
struct Given {
    enabled: bool,
    attributes: Option<serde_json::Value>,
}

impl Given {
    fn without_attributes(self) -> Result<bool, Error> {
        match self.attributes {
            None => Ok(self.enabled),
            Some(_) => Err(Error::BadBody("this policy has no `attributes`")),
        }
    }

    /// Attributes are needed by a policy that is switched on, and say nothing about one that is switched off.
    fn only_if_enabled<A: DeserializeOwned, T>(
        self,
        read: impl FnOnce(A) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let empty = self.attributes.as_ref().is_none_or(|value| value.as_object().is_some_and(|map| map.is_empty()));
        let attributes = self.attributes.map(parse_value).transpose()?;
        match (self.enabled, attributes) {
            (true, Some(attributes)) => read(attributes).map(Some),
            (true, None) => Err(Error::InvalidField { name: "attributes", why: "required when the policy is enabled" }),
            (false, _) if empty => Ok(None),
            (false, _) => Err(Error::InvalidField { name: "attributes", why: "only for a policy that is enabled" }),
        }
    }

    /// Here clients send the network also when they switch the policy off; it is read and then forgotten.
    fn network(self) -> Result<InstanceRule, Error> {
        let enabled = self.enabled;
        let attributes: Option<wire_policies::AllowedNetworkIn> = self.attributes.map(parse_value).transpose()?;
        match attributes.and_then(|attributes| attributes.allowed_network) {
            _ if !enabled => Ok(InstanceRule::AllowedNetwork(None)),
            Some(name) => allowed_network(&name).map(|network| InstanceRule::AllowedNetwork(Some(network))),
            None => Err(Error::InvalidField { name: "allowed_network", why: "required when the policy is enabled" }),
        }
    }
}

fn allowed_network(name: &str) -> Result<AllowedNetwork, Error> {
    [AllowedNetwork::PublicAndPrivate, AllowedNetwork::PrivateOnly]
        .into_iter()
        .find(|network| network_name(*network) == name)
        .ok_or(Error::InvalidField { name: "allowed_network", why: "must be public-and-private or private-only" })
}

const fn network_name(network: AllowedNetwork) -> &'static str {
    match network {
        AllowedNetwork::PublicAndPrivate => "public-and-private",
        AllowedNetwork::PrivateOnly => "private-only",
    }
}

fn allowed_ip(attributes: wire_policies::AllowedIpIn) -> Result<Vec<IpNet>, Error> {
    let invalid = |why| Error::InvalidField { name: "allowed_ip", why };
    let texts = attributes.allowed_ip.unwrap_or_default();
    if texts.is_empty() || texts.len() > MAX_NETWORKS {
        return Err(invalid("1 to 1000 networks are required when the policy is enabled"));
    }
    let parse =
        |text: &String| text.parse().map_err(|_| invalid("each network is written as 192.0.2.0/24 or 2001:db8::/32"));
    texts.iter().map(parse).collect()
}

fn interval(attributes: wire_policies::RotationIn) -> Result<Months, Error> {
    let missing = Error::InvalidField { name: "interval_month", why: "required when the policy is enabled" };
    Months::parse(attributes.interval_month.ok_or(missing)?)
}

fn access(attributes: wire_policies::KeyCreateImportAccessIn) -> Result<CreateImportAccess, Error> {
    Ok(CreateImportAccess {
        create_root_key: attributes.create_root_key.unwrap_or(true),
        create_standard_key: attributes.create_standard_key.unwrap_or(true),
        import_root_key: attributes.import_root_key.unwrap_or(true),
        import_standard_key: attributes.import_standard_key.unwrap_or(true),
        enforce_token: attributes.enforce_token.unwrap_or(false),
    })
}

fn collection(policies: Vec<InstancePolicy>) -> wire::Collection<wire_policies::Policy> {
    reply::collection(POLICY_COLLECTION, policies.into_iter().map(show).collect(), None)
}

fn show(policy: InstancePolicy) -> wire_policies::Policy {
    let InstancePolicy { rule, stamp, .. } = policy;
    wire_policies::Policy {
        creation_date: date(stamp.created_at),
        created_by: stamp.created_by,
        last_updated: date(stamp.updated_at),
        updated_by: stamp.updated_by,
        policy_type: rule.kind().name(),
        policy_data: wire_policies::PolicyData { enabled: rule.enabled(), attributes: attributes(rule) },
    }
}

fn attributes(rule: InstanceRule) -> Option<wire_policies::Attributes> {
    match rule {
        InstanceRule::AllowedNetwork(network) => {
            network.map(|network| wire_policies::Attributes::AllowedNetwork { allowed_network: network_name(network) })
        }
        InstanceRule::AllowedIp(networks) => networks.map(|networks| wire_policies::Attributes::AllowedIp {
            allowed_ip: networks.iter().map(ToString::to_string).collect(),
        }),
        InstanceRule::Rotation(interval) => {
            interval.map(|months| wire_policies::Attributes::Rotation { interval_month: months.number() })
        }
        InstanceRule::KeyCreateImportAccess(access) => {
            access.map(|access| wire_policies::Attributes::KeyCreateImportAccess {
                create_root_key: access.create_root_key,
                create_standard_key: access.create_standard_key,
                import_root_key: access.import_root_key,
                import_standard_key: access.import_standard_key,
                enforce_token: access.enforce_token,
            })
        }
        InstanceRule::DualAuthDelete(_) | InstanceRule::Metrics(_) => None,
    }
}
