//! `/console/session`, `/console/token`.
//!
//! *Invariant:* answers to the console's own origin only; the cookie is never shown to a script.

use axum::extract::State;
use zeroize::Zeroizing;

use crate::{
    error::Error,
    routes::{
        extract::{Body, CallSource, OwnOrigin, SessionCookie},
        keys::date,
        reply::{Reply, session_cookie},
        wire,
    },
    service::console::{self as service, SessionView},
    state::App,
};

pub(super) async fn sign_in(
    State(app): State<App>,
    CallSource(source): CallSource,
    OwnOrigin(origin): OwnOrigin,
    body: Body,
) -> Reply {
    let code = origin.and_then(|()| body.required()).and_then(code);
    Reply::with_headers(service::sign_in(&app, source, code).await, |opened| {
        (show(opened.view), [session_cookie(&app, &opened.cookie, opened.seconds)])
    })
}

pub(super) async fn session(
    State(app): State<App>,
    CallSource(source): CallSource,
    SessionCookie(cookie): SessionCookie,
) -> Reply {
    Reply::json(service::session(&app, source, cookie).await, show)
}

pub(super) async fn sign_out(
    State(app): State<App>,
    CallSource(source): CallSource,
    SessionCookie(cookie): SessionCookie,
) -> Reply {
    Reply::with_headers(service::sign_out(&app, source, cookie).await, |()| ((), [session_cookie(&app, "", 0)]))
}

pub(super) async fn token(
    State(app): State<App>,
    CallSource(source): CallSource,
    SessionCookie(cookie): SessionCookie,
) -> Reply {
    Reply::json(service::token(&app, source, cookie).await, |token| wire::ConsoleToken {
        access_token: token.jwt,
        token_type: "Bearer",
        expires_in: token.lifetime,
        expiration: token.expiration,
    })
}

fn code(body: wire::SignIn) -> Result<Zeroizing<String>, Error> {
    body.code.ok_or(Error::InvalidField { name: "code", why: "required" })
}

fn show(view: SessionView) -> wire::Session {
    let instance = |instance: crate::keys::crn::Instance| wire::Instance {
        id: instance.id.to_string(),
        crn: instance.crn(),
        name: instance.name,
        region: instance.region,
    };
    wire::Session {
        iam_id: view.identity.iam_id(),
        name: view.identity.name,
        account: view.identity.account,
        expires: date(view.expires),
        instances: view.instances.into_iter().map(instance).collect(),
    }
}
