//! Before every request: whether whoever makes it has made too many.
//!
//! *Invariant:* refuses and decides nothing else. A refusal is recorded as any other, but once a minute for each caller or
//! address only: a flood must not become one of the trail.

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{Method, request::Parts},
    middleware::Next,
    response::Response,
};

use crate::{
    error::Error,
    iam::roles::Action,
    limits::{Asker, source},
    routes::{
        extract::{CallSource, arrival, caller},
        reply,
    },
    service::limits as service,
    state::App,
};

/// Hands the request on, or refuses it with 429.
pub(super) async fn limit(State(app): State<App>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let refused = asker(&mut parts, &app).and_then(|asker| app.limits.count(&asker).err().map(|error| (asker, error)));
    match refused {
        None => next.run(Request::from_parts(parts, body)).await,
        Some((asker, error)) => refuse(&app, parts, &asker, error).await,
    }
}

/// Who asks; nobody who is counted for what balancers and monitors ask. A caller with a valid token is left with the request.
fn asker(parts: &mut Parts, app: &App) -> Option<Asker> {
    let address = |parts: &Parts| source(arrival(parts, app).address);
    match parts.uri.path() {
        "/health" | "/ready" => None,
        _ if sign_in(parts).is_some() => Some(Asker::SignIn(address(parts))),
        _ if !parts.headers.contains_key("authorization") => Some(Asker::Address(address(parts))),
        _ => match caller(parts, app) {
            Ok(caller) => {
                let asker = app.limits.limits_callers().then(|| Asker::Caller(caller.iam_id().to_owned()));
                parts.extensions.insert(caller);
                asker
            }
            Err(_) => Some(Asker::Address(address(parts))),
        },
    }
}

/// What is asked for where a secret can be guessed.
fn sign_in(parts: &Parts) -> Option<Action> {
    match parts.uri.path() {
        "/console/token" => Some(Action::IssueConsoleToken),
        "/console/session" if parts.method == Method::POST => Some(Action::OpenSession),
        "/console/session" if parts.method == Method::DELETE => Some(Action::CloseSession),
        "/console/session" => Some(Action::ReadSession),
        // Whose token would be in the body, which is not read.
        path => (path.ends_with("/identity/token") || path == "/oidc/token").then_some(Action::IssueToken),
    }
}

async fn refuse(app: &App, mut parts: Parts, asker: &Asker, error: Error) -> Response {
    let Ok(CallSource(source)) = CallSource::from_request_parts(&mut parts, app).await;
    let answer = reply::limited::limited(parts.uri.path(), source.correlation, &error);
    app.metrics.limited(asker.limit());
    if app.limits.tell(asker) {
        let action = sign_in(&parts).unwrap_or(Action::UnknownRequest);
        service::refused(app, source, caller(&mut parts, app).ok(), action, error).await;
    }
    answer
}
