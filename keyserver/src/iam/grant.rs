//! Proof that a caller may do one action on one target.
//!
//! *Invariant:* the fields are private. Callers get one from the `decide` functions only, so a store call without a
//! policy decision does not compile; what the server does by itself is one of the listed chores.

use crate::{
    error::Error,
    iam::{
        caller::{Caller, Kind},
        policy::Policy,
        roles::{Action, Extent, Role},
    },
    keys::{
        crn::Instance,
        crn::InstanceId,
        key::{Key, KeyId},
        lifecycle::Chore,
        ring::RingId,
    },
};

/// May do one action with keys of one instance.
#[derive(Debug)]
pub(crate) struct Grant {
    action: Action,
    instance: InstanceId,
    reach: Reach,
    holder: String,
}

#[derive(Debug)]
enum Reach {
    Every,
    Only(Vec<Part>),
}

/// Some keys of an instance; at least one of the two is given, and both hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// Those of this ring.
    pub(crate) ring: Option<RingId>,
    /// This one.
    pub(crate) key: Option<KeyId>,
}

impl Grant {
    /// Asks the caller's policies, as they are at this moment.
    pub(crate) fn decide(
        caller: &Caller,
        action: Action,
        instance: &Instance,
        policies: &[Policy],
    ) -> Result<Self, Error> {
        if caller.account() != instance.account {
            return Err(Error::Denied);
        }
        let fitting = policies.iter().filter(|policy| {
            policy.counts_for(caller)
                && policy.reaches(instance)
                && policy.rule.roles.iter().any(|role| role.allows(action))
        });
        let parts: Vec<Part> = fitting
            .map(|policy| Part { ring: policy.rule.scope.ring.clone(), key: policy.rule.scope.key })
            // A policy for one key cannot make another, one for a ring says nothing about the instance.
            .filter(|part| match action.extent() {
                Extent::Keys => true,
                Extent::Ring => part.key.is_none(),
                Extent::Instance => part.key.is_none() && part.ring.is_none(),
            })
            .collect();
        if parts.is_empty() {
            return Err(Error::Denied);
        }
        let whole = parts.iter().any(|part| part.key.is_none() && part.ring.is_none());
        let reach = if whole { Reach::Every } else { Reach::Only(parts) };
        Ok(Self { action, instance: instance.id, reach, holder: caller.iam_id().to_owned() })
    }

    /// For a chore of the server itself, which acts in the name of the instance.
    pub(crate) fn for_chore(chore: Chore, instance: &Instance) -> Self {
        let action = Action::Key(chore.action());
        Self { action, instance: instance.id, reach: Reach::Every, holder: instance.iam_id() }
    }

    /// Refuses a store call that another action would have to be granted for.
    pub(crate) fn demand(&self, fits: impl FnOnce(Action) -> bool) -> Result<(), Error> {
        if fits(self.action) { Ok(()) } else { Err(Error::Denied) }
    }

    /// The one instance it is good for.
    pub(crate) fn instance(&self) -> InstanceId {
        self.instance
    }

    /// IAM id of the caller.
    pub(crate) fn holder(&self) -> &str {
        &self.holder
    }

    /// The parts of the instance it is limited to, if it is.
    pub(crate) fn only(&self) -> Option<&[Part]> {
        match &self.reach {
            Reach::Every => None,
            Reach::Only(parts) => Some(parts),
        }
    }

    /// Whether it reaches this key, which is in this ring.
    pub(crate) fn covers(&self, key: KeyId, ring: &str) -> bool {
        self.only().is_none_or(|parts| {
            parts.iter().any(|part| {
                part.key.is_none_or(|only| only == key) && part.ring.as_ref().is_none_or(|only| only.as_str() == ring)
            })
        })
    }

    /// Refuses a store call on a key that it does not reach.
    pub(crate) fn demand_key(&self, key: &Key) -> Result<(), Error> {
        if self.covers(key.id, &key.ring) { Ok(()) } else { Err(self.absence()) }
    }

    /// Whether it reaches whatever is or will be in this ring.
    pub(crate) fn covers_ring(&self, ring: &str) -> bool {
        self.only().is_none_or(|parts| {
            parts.iter().any(|part| part.key.is_none() && part.ring.as_ref().is_none_or(|only| only.as_str() == ring))
        })
    }

    /// What a missing key means to this caller: someone limited to certain keys does not learn which others exist.
    pub(crate) fn absence(&self) -> Error {
        match self.reach {
            Reach::Every => Error::KeyNotFound,
            Reach::Only(_) => Error::Denied,
        }
    }
}

/// May do one action with the identities of one account.
#[derive(Debug)]
pub(crate) struct AccountGrant {
    account: String,
    holder: String,
    own_only: bool,
}

impl AccountGrant {
    /// Asks the caller's policies; only a policy on the whole account, or on its management, can say yes. Users manage their
    /// own API keys without one.
    pub(crate) fn decide(caller: &Caller, action: Action, policies: &[Policy]) -> Result<Self, Error> {
        let allowed = policies.iter().any(|policy| {
            policy.counts_for(caller)
                && policy.reaches_account(caller.account())
                && policy.rule.roles.iter().any(|role| role.allows(action))
        });
        let own = matches!(action, Action::ApiKey(_) | Action::UserApiKey(_)) && *caller.kind() == Kind::User;
        if !allowed && !own {
            return Err(Error::Denied);
        }
        Ok(Self { account: caller.account().to_owned(), holder: caller.iam_id().to_owned(), own_only: !allowed })
    }

    /// The account it is good for.
    pub(crate) fn account(&self) -> &str {
        &self.account
    }

    /// IAM id of the caller.
    pub(crate) fn holder(&self) -> &str {
        &self.holder
    }

    /// Whether it reaches what belongs to the identity with this IAM id.
    pub(crate) fn covers(&self, owner: &str) -> bool {
        !self.own_only || owner == self.holder
    }

    /// Refuses a store call on what belongs to somebody it does not reach.
    pub(crate) fn demand_owner(&self, owner: &str) -> Result<(), Error> {
        if self.covers(owner) { Ok(()) } else { Err(self.absence()) }
    }

    /// What something missing means to this caller: who sees only their own does not learn what else there is.
    pub(crate) fn absence(&self) -> Error {
        if self.own_only { Error::Denied } else { Error::IdentityNotFound }
    }
}

/// Roles of the identity that the first start makes: every key and the account itself.
pub(crate) const ADMINISTRATOR_ROLES: [Role; 2] = [Role::Administrator, Role::Manager];

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::{
        iam::{
            own_service,
            policy::{KEY_PROTECT, Origin, Rule, Scope, Source, Stamp, Subject},
        },
        keys::{crn::Crn, lifecycle::KeyAction},
    };

    const ACCOUNT: &str = "0123";
    const UNWRAP: Action = Action::Key(KeyAction::Unwrap);

    fn instance() -> Instance {
        Instance {
            id: InstanceId(Uuid::from_u128(1)),
            name: "keys".into(),
            region: "us-south".into(),
            account: ACCOUNT.into(),
        }
    }

    fn service(group: Option<&str>) -> Caller {
        let crn = Crn::parse(&format!("crn:v1:bluemix:public:discovery:us-south:a/{ACCOUNT}:{}::", Uuid::from_u128(2)));
        own_service::caller(crn.expect("a name"), group.map(str::to_owned))
    }

    fn authorization(origin: Origin, scope: Scope) -> Policy {
        let source = Source { account: ACCOUNT.into(), origin, instance: None, resource_type: None };
        let rule = Rule { description: None, subject: Subject::Service(source), roles: vec![Role::Reader], scope };
        Policy::new(Uuid::from_u128(3), rule, Stamp { at: Timestamp::UNIX_EPOCH, by: "somebody".into() })
    }

    fn keys() -> Scope {
        Scope { service: Some(KEY_PROTECT.into()), ..Scope::account(ACCOUNT.into()) }
    }

    #[test]
    fn a_service_of_this_process_needs_an_authorization_as_any_other() {
        let caller = service(None);
        let discovery = authorization(Origin::Service("discovery".into()), keys());
        let deleted = Policy { state: crate::iam::policy::PolicyState::Deleted, ..discovery.clone() };
        assert!(matches!(Grant::decide(&caller, UNWRAP, &instance(), &[deleted]), Err(Error::Denied)));
        assert!(Grant::decide(&caller, UNWRAP, &instance(), std::slice::from_ref(&discovery)).is_ok());
        assert!(Grant::decide(&caller, Action::CreateKey, &instance(), std::slice::from_ref(&discovery)).is_err());
        let elsewhere = Instance { account: "4567".into(), ..instance() };
        assert!(Grant::decide(&caller, UNWRAP, &elsewhere, &[discovery]).is_err());
    }

    #[test]
    fn a_resource_group_lets_in_its_own_instances() {
        let group = authorization(Origin::ResourceGroup("blue".into()), keys());
        assert!(Grant::decide(&service(Some("blue")), UNWRAP, &instance(), std::slice::from_ref(&group)).is_ok());
        assert!(Grant::decide(&service(Some("red")), UNWRAP, &instance(), std::slice::from_ref(&group)).is_err());
        assert!(Grant::decide(&service(None), UNWRAP, &instance(), &[group]).is_err());
    }

    #[test]
    fn a_ring_and_a_key_together_mean_that_key_in_that_ring() {
        let ring = RingId::parse("blue").expect("an id");
        let (one, other) = (KeyId(Uuid::from_u128(4)), KeyId(Uuid::from_u128(5)));
        let scope = Scope { ring: Some(ring), key: Some(one), ..keys() };
        let both = authorization(Origin::Service("discovery".into()), scope);
        let grant = Grant::decide(&service(None), UNWRAP, &instance(), &[both]).expect("allowed");
        assert!(grant.covers(one, "blue") && !grant.covers(one, "default") && !grant.covers(other, "blue"));
        assert!(!grant.covers_ring("blue"));
    }

    #[test]
    fn part_of_an_instance_says_nothing_about_the_whole() {
        let ring = RingId::parse("blue").expect("an id");
        let of = |scope: Scope| Policy {
            rule: Rule { roles: vec![Role::Manager], ..authorization(Origin::Service("discovery".into()), scope).rule },
            ..authorization(Origin::Service("discovery".into()), keys())
        };
        let in_ring = of(Scope { ring: Some(ring), ..keys() });
        let one_key = of(Scope { key: Some(KeyId(Uuid::from_u128(4))), ..keys() });
        let grant = Grant::decide(&service(None), Action::CreateKey, &instance(), &[in_ring, one_key.clone()]);
        let grant = grant.expect("a ring is enough");
        assert!(grant.covers_ring("blue") && !grant.covers_ring("default"));
        assert!(Grant::decide(&service(None), Action::CreateKey, &instance(), &[one_key]).is_err());
    }
}
