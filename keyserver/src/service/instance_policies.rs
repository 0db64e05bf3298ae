//! Policies of one instance.
//!
//! *Invariant:* policies set together are stored together, with the one event that tells what they were and became.

use crate::{
    audit::{Answer, Audited, event::Trail, policy::PolicyValues},
    error::Error,
    iam::roles::Action,
    keys::{
        crn::Instance,
        instance_policy::{InstancePolicies, InstancePolicy, InstancePolicyKind, InstanceRule},
        policy::Stamp,
    },
    service::call::{ATTEMPTS, Call, event, finish},
    state::AppState,
};

/// The policies of the instance, or the one asked for.
pub(crate) async fn read(
    app: &AppState,
    call: Call,
    only: Result<Option<InstancePolicyKind>, Error>,
) -> Audited<Vec<InstancePolicy>> {
    let (mut trail, credentials) = call.begin(app, Action::ReadInstancePolicies);
    let outcome = async {
        let permitted = credentials.permit(app, &mut trail).await?;
        target(&mut trail, &permitted.instance);
        let policies = permitted.policies.of(only?);
        trail.total(policies.len() as u64);
        Ok((Answer::Content, policies))
    }
    .await;
    finish(app, trail, outcome).await
}

/// Sets policies of the instance, at most one of each kind: all of them or none.
pub(crate) async fn write(app: &AppState, call: Call, rules: Result<Vec<InstanceRule>, Error>) -> Audited<()> {
    let (mut trail, credentials) = call.begin(app, Action::WriteInstancePolicies);
    let outcome = async {
        let permitted = credentials.permit(app, &mut trail).await?;
        target(&mut trail, &permitted.instance);
        let rules = rules?;
        for _ in 0..ATTEMPTS {
            let known = app.store.instance_policies(permitted.instance.id).await?;
            let set = |rule: &InstanceRule| replace(&known, rule.clone(), app.clock.now(), permitted.grant.holder());
            let policies: Vec<InstancePolicy> = rules.iter().map(set).collect();
            let before = rules.iter().filter_map(|rule| known.get(rule.kind()));
            trail.policies(PolicyValues::of_instance(before), PolicyValues::of_instance(&policies));
            let event = event(app, &trail, Answer::Empty)?;
            match app.store.save_instance_policies(&permitted.grant, policies, event).await {
                Err(Error::Contended) => (),
                Err(error) => return Err(error),
                Ok(()) => {
                    trail.recorded();
                    return Ok((Answer::Empty, ()));
                }
            }
        }
        Err(Error::Contended)
    }
    .await;
    finish(app, trail, outcome).await
}

/// The port at which the instance is reached over the private network, while it is limited to certain addresses. Here it is
/// one port for all instances, with or without that limit; without it the real service says nothing, so this server does not.
pub(crate) async fn allowed_ip_port(app: &AppState, call: Call) -> Audited<Option<u16>> {
    let (mut trail, credentials) = call.begin(app, Action::ReadAllowedIpPort);
    let outcome = async {
        let permitted = credentials.permit(app, &mut trail).await?;
        target(&mut trail, &permitted.instance);
        let limited = permitted.policies.get(InstancePolicyKind::AllowedIp).is_some_and(|policy| policy.rule.enabled());
        Ok((Answer::Content, app.private_port.filter(|_| limited)))
    }
    .await;
    finish(app, trail, outcome).await
}

fn target(trail: &mut Trail, instance: &Instance) {
    trail.other_target(instance.crn(), &instance.name, "kms/instance-policies");
}

fn replace(known: &InstancePolicies, rule: InstanceRule, at: jiff::Timestamp, by: &str) -> InstancePolicy {
    match known.get(rule.kind()).cloned() {
        None => InstancePolicy { rule, stamp: Stamp::new(at, by), revision: 0 },
        Some(mut policy) => {
            policy.rule = rule;
            policy.stamp.renew(at, by);
            policy
        }
    }
}
