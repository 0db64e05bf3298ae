//! Issuing access tokens.
//!
//! *Invariant:* a token says who somebody is, never what they may do: that is decided anew for every request.

use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    audit::{Answer, Audited, event::Trail},
    error::Error,
    iam::{
        identity::{Digest, Principal},
        roles::Action,
        token::AccessToken,
    },
    keys::crn::Crn,
    service::{
        call::{Source, finish},
        resources::require_active,
        standing,
    },
    state::AppState,
};

/// What proves identity to the token endpoint.
pub(crate) enum Proof {
    /// An API key; its owner gets a token.
    ApiKey(Zeroizing<String>),
    /// The token of an operator; the instance that it names gets a token.
    Operator {
        /// The operator's access token.
        token: Zeroizing<String>,
        /// The service instance to act for.
        instance: Crn,
    },
}

/// Proof → access token.
pub(crate) async fn token(app: &AppState, source: Source, proof: Result<Proof, Error>) -> Audited<AccessToken> {
    let action = match &proof {
        // The last two are of a form that asks for one.
        Ok(Proof::Operator { .. }) | Err(Error::DesiredIdUnreadable | Error::TokenMissing) => {
            Action::IssueInstanceToken
        }
        Ok(Proof::ApiKey(_)) | Err(_) => Action::IssueToken,
    };
    let mut trail = source.trail(app, action);
    let outcome = async {
        let (principal, api_key) = match proof? {
            Proof::ApiKey(api_key) => of_api_key(app, &api_key, &mut trail).await?,
            Proof::Operator { token, instance } => of_operator(app, &token, instance, &mut trail).await?,
        };
        Ok((Answer::Content, app.tokens.issue(&principal, api_key, app.entropy.uuid(), app.clock.now())?))
    }
    .await;
    finish(app, trail, outcome).await
}

/// Who gets a token, and the API key that it will go back to.
type Issued = (Principal, Option<Uuid>);

async fn of_api_key(app: &AppState, api_key: &str, trail: &mut Trail) -> Result<Issued, Error> {
    let (key, principal) = app.store.api_key_of(Digest::of(api_key)).await?.ok_or(Error::ApiKeyUnknown)?;
    if let Principal::User(_) = principal {
        trail.action = Action::IssueUserToken;
    }
    trail.principal(&principal);
    if !key.counts(app.clock.now()) {
        return Err(Error::ApiKeyInactive);
    }
    match &principal {
        Principal::User(user) if !user.active => Err(Error::UserInactive),
        _ => Ok((principal, Some(key.id))),
    }
}

async fn of_operator(app: &AppState, token: &str, instance: Crn, trail: &mut Trail) -> Result<Issued, Error> {
    let caller = app.tokens.verify(token, app.clock.now())?;
    trail.caller(&caller);
    trail.other_target(instance.to_string(), "", "iam/session");
    let (caller, _) = standing::of(app, caller).await?;
    let operator = match caller.service_id() {
        Some(id) => app.store.service_id(id).await?,
        None => None,
    };
    // Read from the store and not from the token, so that an operator who is dismissed loses this at once.
    if !operator.is_some_and(|operator| operator.operates(&instance)) {
        return Err(Error::NotOperator);
    }
    if let Some(resource) = standing::found(app, &instance).await? {
        if !instance.names(&resource) {
            return Err(Error::NotOperator);
        }
        require_active(&resource)?;
    }
    Ok((Principal::Instance(instance), caller.api_key()))
}
