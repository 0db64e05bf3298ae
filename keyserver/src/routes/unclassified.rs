//! Requests below `/api/v2` that no endpoint takes.
//!
//! *Invariant:* permits nothing and changes nothing; says only by its path what a request was about.

use axum::extract::State;

use crate::{
    error::Error,
    iam::roles::{Action, Group},
    routes::reply::Reply,
    service::{call::Call, keys::unknown},
    state::App,
};

pub(super) async fn no_such_path(State(app): State<App>, call: Call) -> Reply {
    let action = action(&call.source.uri);
    Reply::empty(unknown(&app, call, action, Error::UnknownPath).await)
}

pub(super) async fn wrong_method(State(app): State<App>, call: Call) -> Reply {
    let action = action(&call.source.uri);
    Reply::empty(unknown(&app, call, action, Error::MethodNotAllowed).await)
}

fn action(path: &str) -> Action {
    let segments: Vec<&str> = path.split('/').skip_while(|segment| *segment != "v2").skip(1).collect();
    let group = match segments[..] {
        ["key_rings", ..] => Group::Rings,
        ["import_token", ..] => Group::ImportToken,
        ["instance", "policies", ..] => Group::InstancePolicies,
        ["keys", "registrations", ..] | ["keys", _, "registrations", ..] => Group::Registrations,
        ["keys", _, "aliases", ..] => Group::Aliases,
        ["keys", _, "policies", ..] => Group::Policies,
        _ => return Action::UnknownRequest,
    };
    Action::Unclassified(group)
}
