//! `/api/v2/keys/{id}/aliases/{alias}`.
//!
//! *Invariant:* extract → service → reply.

use axum::extract::State;

use crate::{
    error::Error,
    keys::alias::Alias,
    routes::{
        extract::{KeyName, Segments},
        keys::date,
        reply::{self, Reply},
        wire::{self, aliases as rows},
    },
    service::{
        aliases::{self as service, AliasView},
        call::Call,
    },
    state::App,
};

pub(super) async fn create(State(app): State<App>, call: Call, KeyName(name): KeyName, path: Segments) -> Reply {
    Reply::json(service::create(&app, call, name, alias(&path)).await, collection)
}

pub(super) async fn delete(State(app): State<App>, call: Call, KeyName(name): KeyName, path: Segments) -> Reply {
    Reply::empty(service::delete(&app, call, name, alias(&path)).await)
}

fn alias(path: &Segments) -> Result<Alias, Error> {
    Alias::parse_field("alias", path.get("alias"))
}

fn collection(view: AliasView) -> wire::Collection<rows::Alias> {
    let row = rows::Alias {
        key_id: view.key.to_string(),
        alias: view.alias.as_str().to_owned(),
        created_by: view.created_by,
        creation_date: date(view.created_at),
    };
    reply::collection(rows::ALIAS_COLLECTION, vec![row], None)
}
