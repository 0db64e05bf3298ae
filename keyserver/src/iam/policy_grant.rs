//! Proof that a caller may see, make or change policies.
//!
//! Who administers the target of a policy may make, change and remove it. An authorization can also be made by whoever has at
//! least the role that it gives, and by a service that was authorized together with the AuthorizationDelegator role: such a
//! service hands Reader on to services it depends on, within what it was given itself.
//! *Invariant:* nobody makes a policy that reaches further than what they hold themselves, and never into another account.

use uuid::Uuid;

use crate::{
    error::Error,
    iam::{
        caller::Caller,
        policy::{Origin, Policy, Rule, Scope, Source, Subject},
        roles::{Action, Role},
    },
    keys::crn::Crn,
};

/// May see policies of one account.
#[derive(Debug)]
pub(crate) struct PolicyView {
    account: String,
    viewer: String,
    scopes: Vec<Scope>,
}

impl PolicyView {
    /// Asks the caller's policies; a service instance sees what it made itself.
    pub(crate) fn decide(caller: &Caller, policies: &[Policy]) -> Result<Self, Error> {
        let scopes: Vec<Scope> = policies
            .iter()
            .filter(|policy| policy.counts_for(caller) && gives(policy, |role| role.allows(Action::ListPolicies)))
            .map(|policy| policy.rule.scope.clone())
            .collect();
        if scopes.is_empty() && caller.instance().is_none() {
            return Err(Error::Denied);
        }
        Ok(Self { account: caller.account().to_owned(), viewer: caller.iam_id().to_owned(), scopes })
    }

    /// The account it is good for.
    pub(crate) fn account(&self) -> &str {
        &self.account
    }

    /// Whether the caller may see this one.
    pub(crate) fn sees(&self, policy: &Policy) -> bool {
        policy.created.by == self.viewer || self.scopes.iter().any(|scope| scope.contains(&policy.rule.scope))
    }

    /// What a missing policy means to this caller: who does not see all does not learn which others exist.
    pub(crate) fn absence(&self) -> Error {
        let everything = Scope::account(self.account.clone());
        if self.scopes.iter().any(|scope| scope.contains(&everything)) { Error::PolicyNotFound } else { Error::Denied }
    }
}

/// May store one policy.
#[derive(Debug)]
pub(crate) struct PolicyGrant {
    account: String,
    holder: String,
    existing: Option<Uuid>,
}

impl PolicyGrant {
    /// To make a new one that says this.
    pub(crate) fn to_create(caller: &Caller, rule: &Rule, policies: &[Policy]) -> Result<Self, Error> {
        let counted: Vec<&Policy> = policies.iter().filter(|policy| policy.counts_for(caller)).collect();
        let allowed = rule.scope.account == caller.account()
            && match (&rule.subject, caller.instance()) {
                (Subject::Identity(_), _) => administers(&counted, &rule.scope),
                (Subject::Service(_), Some(_)) => delegates(&counted, rule),
                (Subject::Service(source), None) => {
                    sees(&counted, source) && (administers(&counted, &rule.scope) || holds(&counted, rule))
                }
            };
        Self::given(allowed, caller, None)
    }

    /// To change or remove an existing one.
    pub(crate) fn to_change(
        caller: &Caller,
        action: Action,
        policy: &Policy,
        policies: &[Policy],
    ) -> Result<Self, Error> {
        let counted: Vec<&Policy> = policies.iter().filter(|policy| policy.counts_for(caller)).collect();
        // A service takes back what it handed on, but never gets to reword it.
        let own = caller.instance().is_some() && action == Action::DeletePolicy && policy.created.by == caller.iam_id();
        let allowed =
            policy.rule.scope.account == caller.account() && (own || administers(&counted, &policy.rule.scope));
        Self::given(allowed, caller, Some(policy.id))
    }

    /// To remove one that goes with a removed service instance, in the name of who removed that.
    pub(crate) fn to_forget(instance: &Crn, policy: &Policy, holder: &str) -> Result<Self, Error> {
        if !policy.goes_with(instance) {
            return Err(Error::Denied);
        }
        Ok(Self { account: instance.account.clone(), holder: holder.to_owned(), existing: Some(policy.id) })
    }

    fn given(allowed: bool, caller: &Caller, existing: Option<Uuid>) -> Result<Self, Error> {
        if !allowed {
            return Err(Error::Denied);
        }
        Ok(Self { account: caller.account().to_owned(), holder: caller.iam_id().to_owned(), existing })
    }

    /// The account it is good for.
    pub(crate) fn account(&self) -> &str {
        &self.account
    }

    /// IAM id of the caller.
    pub(crate) fn holder(&self) -> &str {
        &self.holder
    }

    /// Refuses a store call for another policy than it was given for.
    pub(crate) fn demand(&self, existing: Option<Uuid>) -> Result<(), Error> {
        if self.existing == existing { Ok(()) } else { Err(Error::Denied) }
    }
}

fn gives(policy: &Policy, fits: impl Fn(&Role) -> bool) -> bool {
    policy.rule.roles.iter().any(fits)
}

fn administers(counted: &[&Policy], target: &Scope) -> bool {
    counted
        .iter()
        .any(|policy| gives(policy, |role| *role == Role::Administrator) && policy.rule.scope.contains(target))
}

/// Whether every role that the rule gives is held on its target; to delegate is no more than to hold.
fn holds(counted: &[&Policy], rule: &Rule) -> bool {
    rule.roles.iter().filter(|role| **role != Role::AuthorizationDelegator).all(|wanted| {
        counted
            .iter()
            .any(|policy| gives(policy, |role| role.includes(*wanted)) && policy.rule.scope.contains(&rule.scope))
    })
}

fn sees(counted: &[&Policy], source: &Source) -> bool {
    let whole = Scope::account(source.account.clone());
    let place = match &source.origin {
        Origin::Service(name) => Scope { service: Some(name.clone()), instance: source.instance, ..whole },
        Origin::ResourceGroup(_) => whole,
    };
    counted.iter().any(|policy| gives(policy, |role| role.includes(Role::Viewer)) && policy.rule.scope.contains(&place))
}

fn delegates(counted: &[&Policy], rule: &Rule) -> bool {
    rule.roles == [Role::Reader]
        && counted.iter().any(|policy| {
            gives(policy, |role| *role == Role::AuthorizationDelegator) && policy.rule.scope.contains(&rule.scope)
        })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::iam::policy::Stamp;

    fn instance(account: &str, guid: u128) -> Crn {
        let crn = format!("crn:v1:bluemix:public:discovery:us-south:a/{account}:{}::", Uuid::from_u128(guid));
        Crn::parse(&crn).expect("a name")
    }

    fn authorization(by: &str, lets_in: Option<u128>) -> Policy {
        let source = Source {
            account: "0123".into(),
            origin: Origin::Service("cloud-object-storage".into()),
            instance: lets_in.map(Uuid::from_u128),
            resource_type: None,
        };
        let scope = Scope::account("0123".into());
        let rule = Rule { description: None, subject: Subject::Service(source), roles: vec![Role::Reader], scope };
        Policy::new(Uuid::from_u128(9), rule, Stamp { at: Timestamp::UNIX_EPOCH, by: by.to_owned() })
    }

    #[test]
    fn what_was_handed_on_goes_with_either_of_the_two_instances() {
        let by = format!("crn-{}", instance("0123", 1));
        let goes = |policy: &Policy, gone: &Crn| PolicyGrant::to_forget(gone, policy, "somebody").is_ok();
        let handed_on = authorization(&by, Some(2));
        assert!(goes(&handed_on, &instance("0123", 1)), "the one that handed it on");
        assert!(goes(&handed_on, &instance("0123", 2)), "the one that got it");
        assert!(!goes(&handed_on, &instance("0123", 3)));
        assert!(!goes(&handed_on, &instance("4567", 1)), "another account");
        assert!(!goes(&authorization("IBMid-1", Some(2)), &instance("0123", 2)), "made by a person");
        assert!(goes(&authorization(&by, None), &instance("0123", 1)));
        assert!(!goes(&authorization(&by, None), &instance("0123", 2)), "meant for every instance");
    }
}
