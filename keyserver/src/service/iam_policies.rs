//! Policies: who may do what, and which services are let in.
//!
//! *Invariant:* a change counts from the next request on, and is stored only if nobody changed the policy since it was read.

use std::sync::Arc;

use uuid::Uuid;

use crate::{
    audit::{Answer, Audited, event::Trail},
    error::Error,
    iam::{
        caller::Caller,
        policy::{KEY_PROTECT, Policy, PolicyState, Rule, Scope, ServiceType, Stamp, Subject},
        policy_grant::{PolicyGrant, PolicyView},
        roles::Action,
    },
    keys::{
        crn::{Crn, InstanceId},
        instance::Resource,
    },
    service::call::{Call, Credentials, event, finish},
    state::AppState,
    store::policies::Forgotten,
};

/// Makes a policy.
pub(crate) async fn create(app: &AppState, call: Call, input: Result<Rule, Error>) -> Audited<Policy> {
    let (mut trail, credentials) = call.begin(app, Action::CreatePolicy);
    let outcome = async {
        let (caller, held) = credentials.identify(app).await?;
        let rule = input?;
        let grant = PolicyGrant::to_create(&caller, &rule, &held)?;
        require_target(app, &rule.scope).await?;
        let policy = Policy::new(app.entropy.uuid(), rule, stamp(app, &grant));
        show(&mut trail, &policy);
        let event = event(app, &trail, Answer::Created)?;
        app.store.insert_policy(&grant, policy.clone(), event).await?;
        trail.recorded();
        Ok((Answer::Created, policy))
    }
    .await;
    finish(app, trail, outcome).await
}

/// What a list of policies is narrowed to.
#[derive(Debug)]
pub(crate) struct PolicyQuery {
    /// The account; it must be the caller's.
    pub(crate) account: String,
    /// `access` or `authorization`.
    pub(crate) policy_type: Option<String>,
    /// Only those that name services of this kind.
    pub(crate) service_type: Option<ServiceType>,
    /// Only in this state; active ones unless it says otherwise.
    pub(crate) state: PolicyState,
    /// Only those of this identity.
    pub(crate) subject: Option<String>,
    /// Order.
    pub(crate) sort: Option<Sort>,
    /// How many at most; all of them unless it says otherwise.
    pub(crate) limit: Option<usize>,
    /// How many to leave out first.
    pub(crate) start: usize,
}

/// Order of a list of policies.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sort {
    /// By what.
    pub(crate) by: SortBy,
    /// The other way round.
    pub(crate) descending: bool,
}

/// What policies can be ordered by.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SortBy {
    /// Id, which is what the link has in it, too.
    Id,
    /// Type.
    Type,
    /// When it was made.
    CreatedAt,
    /// Who made it.
    CreatedBy,
    /// When it was changed last.
    ModifiedAt,
    /// Who changed it last.
    ModifiedBy,
    /// State.
    State,
}

/// Part of a list of policies.
pub(crate) struct PolicyPage {
    /// The policies.
    pub(crate) policies: Vec<Policy>,
    /// How many fit on a page, if that was limited.
    pub(crate) limit: Option<usize>,
    /// Where this page began.
    pub(crate) start: usize,
    /// Where the next page begins, if there is one.
    pub(crate) next: Option<usize>,
}

/// The account's policies, as far as the caller may see them.
pub(crate) async fn list(app: &AppState, call: Call, query: Result<PolicyQuery, Error>) -> Audited<PolicyPage> {
    let (mut trail, credentials) = call.begin(app, Action::ListPolicies);
    let outcome = async {
        let (caller, held) = credentials.identify(app).await?;
        let view = PolicyView::decide(&caller, &held)?;
        let query = query?;
        if query.account != view.account() {
            return Err(Error::Denied);
        }
        let mut policies = app.store.policies(&view).await?;
        policies.retain(|policy| query.shows(policy));
        if let Some(sort) = query.sort {
            sort.apply(&mut policies);
        }
        let total = policies.len();
        let policies: Vec<Policy> =
            policies.into_iter().skip(query.start).take(query.limit.unwrap_or(usize::MAX)).collect();
        let end = query.start.saturating_add(policies.len());
        trail.total(policies.len() as u64);
        let next = (end < total && !policies.is_empty()).then_some(end);
        Ok((Answer::Content, PolicyPage { policies, limit: query.limit, start: query.start, next }))
    }
    .await;
    finish(app, trail, outcome).await
}

impl PolicyQuery {
    fn shows(&self, policy: &Policy) -> bool {
        let Rule { subject, scope, .. } = &policy.rule;
        let kind = if scope.service.is_some() { Some(ServiceType::Service) } else { scope.service_type };
        policy.state == self.state
            && self.policy_type.as_deref().is_none_or(|wanted| wanted == subject.policy_type())
            && self.service_type.is_none_or(|wanted| kind == Some(wanted))
            && self.subject.as_ref().is_none_or(|wanted| matches!(subject, Subject::Identity(id) if id == wanted))
    }
}

impl Sort {
    fn apply(self, policies: &mut [Policy]) {
        policies.sort_by(|a, b| {
            let order = match self.by {
                SortBy::Id => a.id.cmp(&b.id),
                SortBy::Type => a.rule.subject.policy_type().cmp(b.rule.subject.policy_type()),
                SortBy::CreatedAt => a.created.at.cmp(&b.created.at),
                SortBy::CreatedBy => a.created.by.cmp(&b.created.by),
                SortBy::ModifiedAt => a.modified.at.cmp(&b.modified.at),
                SortBy::ModifiedBy => a.modified.by.cmp(&b.modified.by),
                SortBy::State => a.state.word().cmp(b.state.word()),
            };
            if self.descending { order.reverse() } else { order }
        });
    }
}

/// One policy, deleted or not.
pub(crate) async fn read(app: &AppState, call: Call, id: Result<Uuid, Error>) -> Audited<Policy> {
    let (mut trail, credentials) = call.begin(app, Action::ReadPolicy);
    let outcome = async {
        let (policy, _, _) = find(app, credentials, id, &mut trail).await?;
        Ok((Answer::Content, policy))
    }
    .await;
    finish(app, trail, outcome).await
}

/// Replaces what a policy says; its type stays.
pub(crate) async fn update(
    app: &AppState,
    call: Call,
    id: Result<Uuid, Error>,
    etag: Result<String, Error>,
    input: Result<Rule, Error>,
) -> Audited<Policy> {
    const TYPE: Error = Error::InvalidField { name: "type", why: "the type of a policy cannot be changed" };
    let (mut trail, credentials) = call.begin(app, Action::UpdatePolicy);
    let outcome = async {
        let (before, caller, held) = find(app, credentials, id, &mut trail).await?;
        let grant = PolicyGrant::to_change(&caller, trail.action, &before, &held)?;
        if before.state == PolicyState::Deleted {
            return Err(Error::PolicyNotFound);
        }
        before.require_etag(&etag?)?;
        let rule = input?;
        if rule.subject.policy_type() != before.rule.subject.policy_type() {
            return Err(TYPE);
        }
        PolicyGrant::to_create(&caller, &rule, &held)?;
        require_target(app, &rule.scope).await?;
        let after = Policy { rule, revision: before.revision + 1, modified: stamp(app, &grant), ..before.clone() };
        save(app, &mut trail, &grant, &before, after, Answer::Content).await
    }
    .await;
    finish(app, trail, outcome).await
}

/// Makes a deleted policy count again.
pub(crate) async fn restore(
    app: &AppState,
    call: Call,
    id: Result<Uuid, Error>,
    etag: Result<String, Error>,
    wanted: Result<(), Error>,
) -> Audited<Policy> {
    let (mut trail, credentials) = call.begin(app, Action::RestorePolicy);
    let outcome = async {
        let (before, caller, held) = find(app, credentials, id, &mut trail).await?;
        let grant = PolicyGrant::to_change(&caller, trail.action, &before, &held)?;
        wanted?;
        before.require_etag(&etag?)?;
        PolicyGrant::to_create(&caller, &before.rule, &held)?;
        let after = Policy {
            state: PolicyState::Active,
            revision: before.revision + 1,
            modified: stamp(app, &grant),
            ..before.clone()
        };
        save(app, &mut trail, &grant, &before, after, Answer::Content).await
    }
    .await;
    finish(app, trail, outcome).await
}

/// Removes a policy; the next request that it would have let in is already refused.
pub(crate) async fn delete(app: &AppState, call: Call, id: Result<Uuid, Error>) -> Audited<Policy> {
    let (mut trail, credentials) = call.begin(app, Action::DeletePolicy);
    let outcome = async {
        let (before, caller, held) = find(app, credentials, id, &mut trail).await?;
        let grant = PolicyGrant::to_change(&caller, trail.action, &before, &held)?;
        if before.state == PolicyState::Deleted {
            return Err(Error::PolicyNotFound);
        }
        // The ETag stays: IBM's clients make a policy active again with the one they read before they deleted it.
        let after = Policy { state: PolicyState::Deleted, modified: stamp(app, &grant), ..before.clone() };
        save(app, &mut trail, &grant, &before, after, Answer::Empty).await
    }
    .await;
    finish(app, trail, outcome).await
}

/// The policies that go with a service instance, for the use-case that removes it to store in the same transaction.
pub(super) async fn bound_to(
    app: &AppState,
    trail: &Trail,
    holder: &str,
    gone: &Resource,
) -> Result<Vec<Forgotten>, Error> {
    let gone = Crn::parse(&gone.crn()).ok_or(Error::Corrupt("the name of a service instance"))?;
    let forget = |before: Policy| {
        let grant = PolicyGrant::to_forget(&gone, &before, holder)?;
        let mut trail = trail.consequence(Action::DeletePolicy);
        show(&mut trail, &before);
        let event = event(app, &trail, Answer::Empty)?;
        let after = Policy { state: PolicyState::Deleted, modified: stamp(app, &grant), ..before.clone() };
        Ok(Forgotten { grant, before, after, event })
    };
    app.store.bound_to(&gone).await?.into_iter().map(forget).collect()
}

async fn find(
    app: &AppState,
    credentials: Credentials,
    id: Result<Uuid, Error>,
    trail: &mut Trail,
) -> Result<(Policy, Caller, Arc<[Policy]>), Error> {
    let (caller, held) = credentials.identify(app).await?;
    let view = PolicyView::decide(&caller, &held)?;
    let id = id.map_err(|_| view.absence())?;
    let policy = app.store.policy(&view, id).await?.ok_or_else(|| view.absence())?;
    show(trail, &policy);
    Ok((policy, caller, held))
}

fn show(trail: &mut Trail, policy: &Policy) {
    let subject = match &policy.rule.subject {
        Subject::Identity(iam_id) => iam_id.clone(),
        Subject::Service(source) => source.label(),
    };
    trail.other_target(policy.id.to_string(), &subject, "iam-am/policy");
}

fn stamp(app: &AppState, grant: &PolicyGrant) -> Stamp {
    Stamp { at: app.clock.now(), by: grant.holder().to_owned() }
}

async fn save(
    app: &AppState,
    trail: &mut Trail,
    grant: &PolicyGrant,
    before: &Policy,
    after: Policy,
    answer: Answer,
) -> Result<(Answer, Policy), Error> {
    show(trail, &after);
    let event = event(app, trail, answer)?;
    if !app.store.save_policy(grant, before, after.clone(), event).await? {
        return Err(Error::EtagMismatch);
    }
    trail.recorded();
    Ok((answer, after))
}

async fn require_target(app: &AppState, scope: &Scope) -> Result<(), Error> {
    const UNKNOWN: Error = Error::InvalidField { name: "serviceInstance", why: "no such instance here" };
    let Some(instance) = scope.instance.filter(|_| scope.service.as_deref() == Some(KEY_PROTECT)) else {
        return Ok(());
    };
    let found = app.store.instance(InstanceId(instance)).await?;
    found.filter(|found| found.account == scope.account).map(drop).ok_or(UNKNOWN)
}
