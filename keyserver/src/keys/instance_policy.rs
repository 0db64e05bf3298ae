//! Policies of an instance: what may be made in it, what new keys begin with, and from where it is reached.
//!
//! *Invariant:* a rule that is not in force has no attributes; switching a policy off forgets them.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    keys::{
        key::Key,
        network::{Arrival, Network},
        policy::{Months, PolicyChange, Stamp},
    },
};

/// The policies an instance can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InstancePolicyKind {
    /// `allowedNetwork`
    AllowedNetwork,
    /// `allowedIP`
    AllowedIp,
    /// `dualAuthDelete`
    DualAuthDelete,
    /// `keyCreateImportAccess`
    KeyCreateImportAccess,
    /// `metrics`
    Metrics,
    /// `rotation`
    Rotation,
}

impl InstancePolicyKind {
    const ALL: [Self; 6] = [
        Self::AllowedNetwork,
        Self::AllowedIp,
        Self::DualAuthDelete,
        Self::KeyCreateImportAccess,
        Self::Metrics,
        Self::Rotation,
    ];

    /// The name on the wire and in the store.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::AllowedNetwork => "allowedNetwork",
            Self::AllowedIp => "allowedIP",
            Self::DualAuthDelete => "dualAuthDelete",
            Self::KeyCreateImportAccess => "keyCreateImportAccess",
            Self::Metrics => "metrics",
            Self::Rotation => "rotation",
        }
    }

    /// The kind with this name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// One rule; `None` or `false` is a rule that is not in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum InstanceRule {
    /// Over which network the instance is reached.
    AllowedNetwork(Option<AllowedNetwork>),
    /// From which addresses it is reached.
    AllowedIp(Option<Vec<IpNet>>),
    /// Whether new keys are deleted by two people.
    DualAuthDelete(bool),
    /// What may be made and imported.
    KeyCreateImportAccess(Option<CreateImportAccess>),
    /// Whether operational metrics of the instance may be collected.
    Metrics(bool),
    /// How often new generated root keys are rotated.
    Rotation(Option<Months>),
}

/// Networks that an instance can be limited to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum AllowedNetwork {
    /// Any.
    PublicAndPrivate,
    /// The private one.
    PrivateOnly,
}

/// What may be made in an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CreateImportAccess {
    /// Root keys generated here.
    pub(crate) create_root_key: bool,
    /// Standard keys generated here.
    pub(crate) create_standard_key: bool,
    /// Root keys from the caller's material.
    pub(crate) import_root_key: bool,
    /// Standard keys from the caller's material.
    pub(crate) import_standard_key: bool,
    /// Root keys from the caller's material only when it was encrypted for an import token.
    pub(crate) enforce_token: bool,
}

/// How a key is about to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Making {
    /// From random bytes of the server.
    Generated,
    /// From material that was sent as it is.
    Imported,
    /// From material that was encrypted for an import token.
    ImportedWithToken,
}

impl CreateImportAccess {
    fn allows(self, extractable: bool, making: Making) -> bool {
        match (extractable, making) {
            (false, Making::Generated) => self.create_root_key,
            (true, Making::Generated) => self.create_standard_key,
            (false, Making::Imported) => self.import_root_key && !self.enforce_token,
            (false, Making::ImportedWithToken) => self.import_root_key,
            (true, Making::Imported | Making::ImportedWithToken) => self.import_standard_key,
        }
    }
}

/// The attributes of any rule, by the names that they have in the store and in events.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attributes {
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_network: Option<AllowedNetwork>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_ip: Option<Vec<IpNet>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interval_month: Option<u8>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    access: Option<CreateImportAccess>,
}

impl Attributes {
    /// Of a rotation policy.
    pub(crate) fn of_interval(interval: Months) -> Self {
        Self { interval_month: Some(interval.number()), ..Self::default() }
    }
}

impl InstanceRule {
    /// Which policy it is.
    pub(crate) const fn kind(&self) -> InstancePolicyKind {
        match self {
            Self::AllowedNetwork(_) => InstancePolicyKind::AllowedNetwork,
            Self::AllowedIp(_) => InstancePolicyKind::AllowedIp,
            Self::DualAuthDelete(_) => InstancePolicyKind::DualAuthDelete,
            Self::KeyCreateImportAccess(_) => InstancePolicyKind::KeyCreateImportAccess,
            Self::Metrics(_) => InstancePolicyKind::Metrics,
            Self::Rotation(_) => InstancePolicyKind::Rotation,
        }
    }

    /// Whether it is in force.
    pub(crate) const fn enabled(&self) -> bool {
        match self {
            Self::AllowedNetwork(network) => network.is_some(),
            Self::AllowedIp(networks) => networks.is_some(),
            Self::KeyCreateImportAccess(access) => access.is_some(),
            Self::Rotation(interval) => interval.is_some(),
            Self::DualAuthDelete(enabled) | Self::Metrics(enabled) => *enabled,
        }
    }

    /// Its attributes.
    pub(crate) fn attributes(&self) -> Attributes {
        match self {
            Self::AllowedNetwork(network) => Attributes { allowed_network: *network, ..Attributes::default() },
            Self::AllowedIp(networks) => Attributes { allowed_ip: networks.clone(), ..Attributes::default() },
            Self::KeyCreateImportAccess(access) => Attributes { access: *access, ..Attributes::default() },
            Self::Rotation(interval) => interval.map(Attributes::of_interval).unwrap_or_default(),
            Self::DualAuthDelete(_) | Self::Metrics(_) => Attributes::default(),
        }
    }

    /// From its parts; `None` if they do not fit together.
    pub(crate) fn from_parts(kind: InstancePolicyKind, enabled: bool, attributes: Attributes) -> Option<Self> {
        let Attributes { allowed_network, allowed_ip, interval_month, access } = attributes;
        let interval = interval_month.map(|number| Months::parse(number.into())).transpose().ok()?;
        let rule = match kind {
            InstancePolicyKind::AllowedNetwork => Self::AllowedNetwork(allowed_network),
            InstancePolicyKind::AllowedIp => Self::AllowedIp(allowed_ip),
            InstancePolicyKind::DualAuthDelete => Self::DualAuthDelete(enabled),
            InstancePolicyKind::KeyCreateImportAccess => Self::KeyCreateImportAccess(access),
            InstancePolicyKind::Metrics => Self::Metrics(enabled),
            InstancePolicyKind::Rotation => Self::Rotation(interval),
        };
        (rule.enabled() == enabled).then_some(rule)
    }
}

/// A rule that was set, and by whom.
#[derive(Debug, Clone)]
pub(crate) struct InstancePolicy {
    /// The rule.
    pub(crate) rule: InstanceRule,
    /// Who set it.
    pub(crate) stamp: Stamp,
    /// Counts changes; 0 before it is stored for the first time.
    pub(crate) revision: i64,
}

/// The policies of one instance, at most one of each kind.
#[derive(Debug, Clone, Default)]
pub(crate) struct InstancePolicies(Vec<InstancePolicy>);

impl InstancePolicies {
    /// As they were stored.
    pub(crate) fn new(policies: Vec<InstancePolicy>) -> Self {
        Self(policies)
    }

    /// The policies, or the one of a kind.
    pub(crate) fn of(&self, only: Option<InstancePolicyKind>) -> Vec<InstancePolicy> {
        self.0.iter().filter(|policy| only.is_none_or(|kind| policy.rule.kind() == kind)).cloned().collect()
    }

    /// The policy of a kind, if it was ever set.
    pub(crate) fn get(&self, kind: InstancePolicyKind) -> Option<&InstancePolicy> {
        self.0.iter().find(|policy| policy.rule.kind() == kind)
    }

    fn rules(&self) -> impl Iterator<Item = &InstanceRule> {
        self.0.iter().map(|policy| &policy.rule)
    }

    /// [`Error::CreateImportAccess`] if the instance's owner does not let such a key be made.
    pub(crate) fn allow_making(&self, extractable: bool, making: Making) -> Result<(), Error> {
        let allows = |rule: &InstanceRule| match rule {
            InstanceRule::KeyCreateImportAccess(Some(access)) => access.allows(extractable, making),
            _ => true,
        };
        if self.rules().all(allows) { Ok(()) } else { Err(Error::CreateImportAccess) }
    }

    /// [`Error::NetworkRefused`] or [`Error::AddressRefused`] if the instance is not reached from there. Service instances
    /// call from wherever they run, so the addresses laid down for people do not bind them; the network does.
    pub(crate) fn admit(&self, arrival: Arrival, is_service: bool) -> Result<(), Error> {
        for rule in self.rules() {
            match rule {
                InstanceRule::AllowedNetwork(Some(AllowedNetwork::PrivateOnly))
                    if arrival.network != Network::Private =>
                {
                    return Err(Error::NetworkRefused);
                }
                InstanceRule::AllowedIp(Some(networks)) if !is_service => {
                    let contains = |address| networks.iter().any(|network| network.contains(&address));
                    if !arrival.address.is_some_and(contains) {
                        return Err(Error::AddressRefused);
                    }
                }
                _ => (),
            }
        }
        Ok(())
    }

    /// The policies that a new key begins with.
    pub(crate) fn defaults_for(&self, key: &Key) -> Vec<PolicyChange> {
        let default = |rule: &InstanceRule| match rule {
            InstanceRule::DualAuthDelete(true) => Some(PolicyChange::DualAuthDelete { enabled: true }),
            InstanceRule::Rotation(Some(interval)) if !key.extractable && !key.imported => {
                Some(PolicyChange::Rotation { enabled: true, interval: Some(*interval) })
            }
            _ => None,
        };
        self.rules().filter_map(default).collect()
    }
}
