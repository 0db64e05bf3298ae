//! `/api/v2/keys/{id}/versions`.
//!
//! *Invariant:* extract → service → reply.

use axum::extract::State;

use crate::{
    error::Error,
    routes::{
        extract::{KeyName, Params},
        keys::{date, page},
        reply::{self, Reply},
        wire,
    },
    service::{
        call::Call,
        lists::{self as service, VersionsQuery, VersionsView},
    },
    state::App,
};

pub(super) async fn list(State(app): State<App>, call: Call, KeyName(name): KeyName, params: Params) -> Reply {
    Reply::json(service::versions(&app, call, name, query(&params)).await, collection)
}

fn query(params: &Params) -> Result<VersionsQuery, Error> {
    Ok(VersionsQuery {
        page: page(params)?,
        total: params.flag("totalCount")?.unwrap_or_default(),
        all_key_states: params.flag("allKeyStates")?.unwrap_or_default(),
    })
}

fn collection(view: VersionsView) -> wire::Collection<wire::KeyVersion> {
    let show = |version: &crate::keys::version::Version| wire::KeyVersion {
        id: version.id.to_string(),
        creation_date: date(version.created_at),
    };
    reply::collection(wire::VERSION_COLLECTION, view.versions.iter().map(show).collect(), view.total)
}
