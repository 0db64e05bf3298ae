//! Proof that a caller may do one action with service instances.
//!
//! *Invariant:* as for keys, the fields are private and [`ServiceGrant::decide`] is the only maker.

use crate::{
    error::Error,
    iam::{
        caller::Caller,
        policy::{Policy, Scope},
        roles::{Action, Role},
        service_roles::{ObjectAction, ResourceAction},
    },
    keys::{crn::InstanceId, instance::Resource},
};

/// May do one action with one service instance, or make one.
#[derive(Debug)]
pub(crate) struct ServiceGrant {
    action: Action,
    account: String,
    instance: Option<InstanceId>,
    holder: String,
}

impl ServiceGrant {
    /// Asks the caller's policies about an instance. One of another account is refused as one without access.
    pub(crate) fn decide(
        caller: &Caller,
        action: Action,
        resource: &Resource,
        policies: &[Policy],
    ) -> Result<Self, Error> {
        if resource.account != caller.account() {
            return Err(Error::Denied);
        }
        Self::ask(caller, action, &resource.service, Some(resource.id), policies)
    }

    /// Asks the caller's policies about a new instance of a service in a resource group: Editor on the service and Viewer on
    /// the group itself are needed ([`Error::ResourceGroupDenied`]), as IBM's documentation of resource groups demands. Without the
    /// second, whoever may order could put an instance where an authorization lets a whole group in.
    pub(crate) fn decide_new(caller: &Caller, service: &str, group: &str, policies: &[Policy]) -> Result<Self, Error> {
        let grant = Self::ask(caller, Action::Resource(ResourceAction::Create), service, None, policies)?;
        let target = Scope { group: Some(group.to_owned()), ..Scope::account(caller.account().to_owned()) };
        let viewer = |role: &Role| role.includes(Role::Viewer);
        let sees_group = policies.iter().any(|policy| {
            policy.counts_for(caller) && policy.rule.scope.contains(&target) && policy.rule.roles.iter().any(viewer)
        });
        if sees_group { Ok(grant) } else { Err(Error::ResourceGroupDenied) }
    }

    fn ask(
        caller: &Caller,
        action: Action,
        service: &str,
        instance: Option<InstanceId>,
        policies: &[Policy],
    ) -> Result<Self, Error> {
        let target = Scope {
            service: Some(service.to_owned()),
            instance: instance.map(|id| id.0),
            ..Scope::account(caller.account().to_owned())
        };
        // A policy that is narrower than an instance says nothing about the instance itself.
        let allowed = policies.iter().any(|policy| {
            policy.counts_for(caller)
                && policy.rule.scope.contains(&target)
                && policy.rule.roles.iter().any(|role| role.allows(action))
        });
        if !allowed {
            return Err(Error::Denied);
        }
        Ok(Self { action, account: caller.account().to_owned(), instance, holder: caller.iam_id().to_owned() })
    }

    /// Refuses a store call that another action or instance would have to be granted for.
    pub(crate) fn demand(&self, instance: InstanceId, fits: impl FnOnce(ResourceAction) -> bool) -> Result<(), Error> {
        let action = matches!(self.action, Action::Resource(action) if fits(action));
        self.reach(instance, action)
    }

    /// As [`ServiceGrant::demand`], for the objects of the instance.
    pub(crate) fn demand_objects(
        &self,
        instance: InstanceId,
        fits: impl FnOnce(ObjectAction) -> bool,
    ) -> Result<(), Error> {
        let action = matches!(self.action, Action::Object(action) if fits(action));
        self.reach(instance, action)
    }

    fn reach(&self, instance: InstanceId, action: bool) -> Result<(), Error> {
        // A grant to make an instance names none: it has no id yet.
        if action && self.instance.is_none_or(|id| id == instance) { Ok(()) } else { Err(Error::Denied) }
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
