//! Policies of one key.
//!
//! *Invariant:* policies set together are stored together, with the one event that tells what they were and became.

use crate::{
    audit::{Answer, Audited, policy::PolicyValues},
    error::Error,
    iam::roles::Action,
    keys::{
        alias::KeyRef,
        crn::Instance,
        key::Key,
        lifecycle::KeyAction,
        policy::{PolicyAuthor, PolicyChange, PolicyKind},
    },
    service::{
        call::{ATTEMPTS, Call, event, finish},
        keys::find,
    },
    state::AppState,
};

/// The policies of a key.
pub(crate) struct PoliciesView {
    /// The key that has them.
    pub(crate) key: Key,
    /// Where it lives.
    pub(crate) instance: Instance,
    /// The one asked for; all without it.
    pub(crate) only: Option<PolicyKind>,
}

/// The policies of a key, or the one asked for.
pub(crate) async fn read(
    app: &AppState,
    call: Call,
    name: Result<KeyRef, Error>,
    only: Result<Option<PolicyKind>, Error>,
) -> Audited<PoliciesView> {
    let (mut trail, credentials) = call.begin(app, Action::Key(KeyAction::ReadPolicies));
    let outcome = async {
        let permitted = credentials.permit(app, &mut trail).await?;
        let (key, _) = find(app, &permitted, &name?, &mut trail).await?;
        Ok((Answer::Content, PoliciesView { key, instance: permitted.instance, only: only? }))
    }
    .await;
    finish(app, trail, outcome).await
}

/// Policies to set on a key.
#[derive(Debug)]
pub(crate) struct NewPolicies {
    /// The one that the request is about; without it, all that it names.
    pub(crate) only: Option<PolicyKind>,
    /// At most one of each kind.
    pub(crate) changes: Vec<PolicyChange>,
}

/// Sets policies of a key: all of them or none.
pub(crate) async fn write(
    app: &AppState,
    call: Call,
    name: Result<KeyRef, Error>,
    policies: Result<NewPolicies, Error>,
) -> Audited<PoliciesView> {
    let (mut trail, credentials) = call.begin(app, Action::Key(KeyAction::WritePolicies));
    let outcome = async {
        let permitted = credentials.permit(app, &mut trail).await?;
        let (name, policies) = (name?, policies?);
        for _ in 0..ATTEMPTS {
            let (mut key, at) = find(app, &permitted, &name, &mut trail).await?;
            let before = PolicyValues::of_key(&key);
            for change in &policies.changes {
                let author = PolicyAuthor { id: app.entropy.uuid(), at, by: permitted.grant.holder() };
                key.change_policy(*change, author)?;
            }
            trail.policies(before, PolicyValues::of_key(&key));
            let event = event(app, &trail, Answer::Content)?;
            if app.store.save_key(&permitted.grant, key.clone(), None, event).await? {
                trail.recorded();
                let view = PoliciesView { key, instance: permitted.instance, only: policies.only };
                return Ok((Answer::Content, view));
            }
        }
        Err(Error::Contended)
    }
    .await;
    finish(app, trail, outcome).await
}
