//! Proof that a caller may do one action on one target.
//!
//! *Invariant:* the fields are private. Callers get one from the two `decide` functions only, so a store call without a
//! policy decision does not compile; what the server does by itself is one of the listed chores.

use crate::{
    error::Error,
    iam::{
        policy::Policy,
        roles::{Action, Role},
        token::Caller,
    },
    keys::{crn::Instance, crn::InstanceId, key::KeyId, lifecycle::Chore},
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
    Only(Vec<KeyId>),
}

impl Grant {
    /// Asks the caller's policies.
    pub(crate) fn decide(
        caller: &Caller,
        action: Action,
        instance: &Instance,
        policies: &[Policy],
    ) -> Result<Self, Error> {
        let fitting: Vec<&Policy> = policies
            .iter()
            .filter(|policy| policy.subject == caller.iam_id() && policy.allows_in(action, instance))
            .collect();
        let keys: Option<Vec<KeyId>> = fitting.iter().map(|policy| policy.scope.key).collect();
        let reach = match keys {
            _ if fitting.is_empty() => return Err(Error::Denied),
            None => Reach::Every,
            // A policy for one key cannot make another.
            Some(_) if action == Action::CreateKey => return Err(Error::Denied),
            Some(keys) => Reach::Only(keys),
        };
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

    /// The keys it is limited to, if it is.
    pub(crate) fn only(&self) -> Option<&[KeyId]> {
        match &self.reach {
            Reach::Every => None,
            Reach::Only(keys) => Some(keys),
        }
    }

    /// Whether it reaches this key.
    pub(crate) fn covers(&self, key: KeyId) -> bool {
        self.only().is_none_or(|keys| keys.contains(&key))
    }

    /// What a missing key means to this caller: someone limited to certain keys does not learn which others exist.
    pub(crate) fn absence(&self) -> Error {
        match self.reach {
            Reach::Every => Error::KeyNotFound,
            Reach::Only(_) => Error::Denied,
        }
    }
}

/// May do one action with the identities and policies of one account.
#[derive(Debug)]
pub(crate) struct AccountGrant {
    account: String,
    holder: String,
}

impl AccountGrant {
    /// Asks the caller's policies; only a policy on the whole account can say yes.
    pub(crate) fn decide(caller: &Caller, action: Action, policies: &[Policy]) -> Result<Self, Error> {
        let allowed = policies
            .iter()
            .any(|policy| policy.subject == caller.iam_id() && policy.allows_in_account(action, caller.account()));
        if !allowed {
            return Err(Error::Denied);
        }
        Ok(Self { account: caller.account().to_owned(), holder: caller.iam_id().to_owned() })
    }

    /// The account it is good for.
    pub(crate) fn account(&self) -> &str {
        &self.account
    }

    /// IAM id of the caller.
    pub(crate) fn holder(&self) -> &str {
        &self.holder
    }
}

/// Roles of the identity that the first start makes: every key and the account itself.
pub(crate) const ADMINISTRATOR_ROLES: [Role; 2] = [Role::Administrator, Role::Manager];
