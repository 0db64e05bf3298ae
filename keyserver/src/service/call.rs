//! A request as the use-cases see it, and the steps they all begin and end with.
//!
//! *Invariant:* a refused request leaves an event as an answered one does, so refusals travel inside the call.

use std::sync::Arc;

use uuid::Uuid;

use crate::{
    audit::{
        self, Answer, Audited,
        event::{Origin, Trail},
    },
    error::Error,
    iam::{
        caller::Caller,
        grant::{AccountGrant, Grant},
        policy::Policy,
        roles::Action,
    },
    keys::{
        crn::{Instance, InstanceId},
        instance_policy::InstancePolicies,
        key::KeyId,
        network::Arrival,
        ring::RingId,
    },
    service::{standing, through},
    state::{AppState, row},
    store::NewEvent,
};

/// How often a change is tried again when others change the same thing.
pub(super) const ATTEMPTS: usize = 5;

/// A request to the Key Protect or IAM API.
pub(crate) struct Call {
    /// The verified caller, or why there is none.
    pub(crate) caller: Result<Caller, Error>,
    /// The instance named by the header, or why there is none.
    pub(crate) instance: Result<InstanceId, Error>,
    /// The ring named by the header, if any, or what is wrong with it.
    pub(crate) ring: Result<Option<RingId>, Error>,
    /// The service instance that is to do it in its own name, if it came by way of one, or why there is none.
    pub(crate) through: Option<Result<InstanceId, Error>>,
    /// Where it came from.
    pub(crate) source: Source,
}

/// Where a request came from.
pub(crate) struct Source {
    /// Path without query.
    pub(crate) uri: String,
    /// From where.
    pub(crate) arrival: Arrival,
    /// `User-Agent`.
    pub(crate) agent: Option<String>,
    /// Id of the request.
    pub(crate) correlation: Uuid,
}

impl Source {
    /// Starts the trail of this request.
    pub(super) fn trail(self, app: &AppState, action: Action) -> Trail {
        let Self { uri, arrival, agent, correlation } = self;
        let host = arrival.shown_address();
        Trail::begin(action, Origin { uri, host, agent, correlation }, app.clock.now())
    }
}

/// A call that was allowed: where, and the proof.
pub(super) struct Permitted {
    pub(super) instance: Instance,
    pub(super) grant: Grant,
    pub(super) ring: Option<RingId>,
    /// The only key it is for, if it came by way of a service instance.
    pub(super) only: Option<KeyId>,
    /// What the instance lays down.
    pub(super) policies: Arc<InstancePolicies>,
}

impl Permitted {
    /// Whether a key is not ruled out by the way that the call came.
    pub(super) fn reaches(&self, key: KeyId) -> bool {
        self.only.is_none_or(|only| key == only)
    }

    /// How a key that is not there is refused. By way of a service instance there is one key and no other.
    pub(super) fn absence(&self) -> Error {
        if self.only.is_some() { Error::KeyNotFound } else { self.grant.absence() }
    }
}

/// What is left of a call once its trail has begun.
pub(super) struct Credentials {
    caller: Result<Caller, Error>,
    instance: Result<InstanceId, Error>,
    ring: Result<Option<RingId>, Error>,
    arrival: Arrival,
    through: Option<Result<InstanceId, Error>>,
}

impl Call {
    /// Splits into the trail to write and the credentials to check.
    pub(super) fn begin(self, app: &AppState, action: Action) -> (Trail, Credentials) {
        let Self { caller, instance, ring, through, source } = self;
        let arrival = source.arrival;
        let mut trail = source.trail(app, action);
        if let Ok(caller) = &caller {
            trail.caller(caller);
        }
        if let Ok(Some(ring)) = &ring {
            trail.ring(ring);
        }
        (trail, Credentials { caller, instance, ring, arrival, through })
    }
}

impl Permitted {
    /// The same, if it would be permitted at this moment too: after a wait.
    pub(super) async fn again(self, app: &AppState, caller: Option<Caller>, trail: &Trail) -> Result<Self, Error> {
        let caller = caller.ok_or(Error::Denied)?;
        let instance = app.store.instance(self.instance.id).await?.ok_or(Error::Denied)?;
        let (caller, held) = standing::of(app, caller).await?;
        let grant = Grant::decide(&caller, trail.action, &instance, &held)?;
        Ok(Self { instance, grant, ..self })
    }
}

impl Credentials {
    /// The caller, to ask again after a wait.
    pub(super) fn caller(&self) -> Option<Caller> {
        self.caller.as_ref().ok().cloned()
    }

    /// Token, then instance, then policies, then from where the request comes: only who has access learns what the instance
    /// demands. An instance that does not exist is refused as one without access.
    pub(super) async fn permit(self, app: &AppState, trail: &mut Trail) -> Result<Permitted, Error> {
        if let Some(service) = self.through {
            return through::permit(app, self.caller?, service?, self.instance?, self.arrival, trail).await;
        }
        let caller = self.caller?;
        let instance = app.known.instance(self.instance?).await?.ok_or(Error::Denied)?;
        if instance.account != caller.account() {
            return Err(Error::Denied);
        }
        trail.instance(&instance);
        let (caller, held) = standing::of(app, caller).await?;
        let grant = Grant::decide(&caller, trail.action, &instance, &held)?;
        let policies = app.known.instance_policies(instance.id).await?;
        policies.admit(self.arrival, caller.instance().is_some())?;
        Ok(Permitted { instance: Instance::clone(&instance), grant, ring: self.ring?, only: None, policies })
    }

    /// The same for the account's identities and policies, which belong to no instance.
    pub(super) async fn permit_in_account(self, app: &AppState, action: Action) -> Result<AccountGrant, Error> {
        let (caller, policies) = standing::of(app, self.caller?).await?;
        AccountGrant::decide(&caller, action, &policies)
    }

    /// Token only: the caller and the policies that count for them, for decisions about policies.
    pub(super) async fn identify(self, app: &AppState) -> Result<(Caller, Arc<[Policy]>), Error> {
        standing::of(app, self.caller?).await
    }
}

/// The event of a change, to be stored together with it; once that is done, the trail is [`Trail::recorded`].
pub(super) fn event(app: &AppState, trail: &Trail, answer: Answer) -> Result<NewEvent, Error> {
    audit::of_success(app.classify, app.entropy.uuid(), trail, answer).map(row)
}

/// Writes the event and seals the outcome.
pub(super) async fn finish<T>(app: &AppState, trail: Trail, outcome: Result<(Answer, T), Error>) -> Audited<T> {
    audit::record(&*app.journal, app.classify, app.entropy.uuid(), trail, outcome).await
}
