//! `/api/v2/key_rings`, and which ring a key is in.
//!
//! *Invariant:* extract → service → reply.

use axum::extract::State;
use serde_json::{Map, Value};

use crate::{
    error::Error,
    keys::ring::{KeyRing, RingId},
    routes::{
        extract::{Body, KeyName, Params, Segments},
        keys::{collection as key_collection, date, page},
        reply::{self, Reply},
        wire::{self, rings as rows},
    },
    service::{
        call::Call,
        rings::{self as service, RingsQuery, RingsView},
    },
    state::App,
};

pub(super) async fn list(State(app): State<App>, call: Call, params: Params) -> Reply {
    Reply::json(service::list(&app, call, query(&params)).await, collection)
}

pub(super) async fn create(State(app): State<App>, call: Call, path: Segments) -> Reply {
    Reply::empty(service::create(&app, call, in_path(&path)).await)
}

pub(super) async fn delete(State(app): State<App>, call: Call, path: Segments, params: Params) -> Reply {
    let force = params.flag("force").map(Option::unwrap_or_default);
    Reply::empty(service::delete(&app, call, in_path(&path), force).await)
}

pub(super) async fn move_key(State(app): State<App>, call: Call, KeyName(name): KeyName, body: Body) -> Reply {
    let ring = body.required().and_then(|body| wanted(&body));
    Reply::json(service::move_key(&app, call, name, ring).await, |view| key_collection(vec![view]))
}

fn in_path(path: &Segments) -> Result<RingId, Error> {
    RingId::parse_field("id", path.get("id"))
}

/// One of IBM's clients spells the field with a capital.
fn wanted(body: &Map<String, Value>) -> Result<RingId, Error> {
    const NAME: &str = "keyRingID";
    let field = body.iter().find(|(name, _)| name.eq_ignore_ascii_case(NAME)).map(|(_, value)| value);
    let ring = field.and_then(Value::as_str).ok_or(Error::InvalidField { name: NAME, why: "required, as text" })?;
    RingId::parse_field(NAME, ring)
}

fn query(params: &Params) -> Result<RingsQuery, Error> {
    Ok(RingsQuery { page: page(params)?, total: params.flag("totalCount")?.unwrap_or_default() })
}

fn collection(view: RingsView) -> wire::Collection<rows::KeyRing> {
    let show = |ring: KeyRing| rows::KeyRing {
        id: ring.id.as_str().to_owned(),
        creation_date: date(ring.created_at),
        created_by: ring.created_by,
    };
    let total = view.total.and_then(|total| usize::try_from(total).ok());
    reply::collection(rows::KEY_RING_COLLECTION, view.rings.into_iter().map(show).collect(), total)
}
