//! `/audit/v1`: the audit trail. The real service hands its events to another one; these paths are our own.
//!
//! *Invariant:* extract → service → reply; an event is shown as it was written.

use axum::{
    Json,
    body::Body as HttpBody,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::IntoResponse,
};
use futures_util::stream;
use jiff::Timestamp;
use serde_json::json;

use crate::{
    audit::export::PublishedKey,
    error::Error,
    keys::{crn::InstanceId, key::KeyId},
    routes::{extract::Params, reply::Reply, wire::audit as wire},
    service::{
        audit::events::{self as service, EventQuery, Events, ExportRange},
        call::Call,
    },
    state::App,
    store::{Cursor, EventFilter, StoredRecord},
};

const DEFAULT_LIMIT: u32 = 100;
const MAX_LIMIT: u32 = 1000;
const NUMBER: &str = "must be the number of a checkpoint";

pub(super) async fn events(State(app): State<App>, call: Call, params: Params) -> Reply {
    Reply::json(service::list(&app, call, query(&params)).await, page)
}

pub(super) async fn export(State(app): State<App>, call: Call, params: Params) -> Reply {
    Reply::raw(service::export(&app, call, range(&params)).await, |export| {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/jsonl"));
        headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"audit.jsonl\""));
        let pieces = stream::try_unfold(Box::new(export), async |mut export| match export.next().await {
            Ok(piece) => Ok(piece.map(|piece| (piece, export))),
            Err(error) => {
                tracing::warn!(detail = error.detail(), "an export of the audit trail was cut off");
                Err(error)
            }
        });
        (headers, HttpBody::from_stream(pieces))
    })
}

pub(super) async fn checkpoints(State(app): State<App>, call: Call, params: Params) -> Reply {
    let asked = (|| Ok((number(&params, "after")?.unwrap_or(0), limit(&params)?)))();
    Reply::json(service::checkpoints(&app, call, asked).await, |checkpoints| json!({ "checkpoints": checkpoints }))
}

/// The public key that verifies checkpoints; anybody may read it.
pub(super) async fn keys(State(app): State<App>) -> impl IntoResponse {
    Json(json!({ "keys": [PublishedKey::from(app.audit_signer.public())] }))
}

fn query(params: &Params) -> Result<EventQuery, Error> {
    let failed = match params.get("outcome") {
        None => None,
        Some("success") => Some(false),
        Some("failure") => Some(true),
        Some(_) => return Err(Error::InvalidQuery { name: "outcome", why: "must be success or failure" }),
    };
    let filter = EventFilter {
        from: moment(params, "from")?,
        until: moment(params, "until")?,
        instance: id(params, "instance")?.map(InstanceId),
        key: id(params, "key")?.map(KeyId),
        initiator: params.once("initiator")?.map(str::to_owned),
        action: params.once("action")?.map(str::to_owned),
        failed,
        correlation: id(params, "correlation")?,
    };
    let start = params.once("start")?.map(|text| {
        cursor(text).ok_or(Error::InvalidQuery { name: "start", why: "must be the `next` of the page before" })
    });
    Ok(EventQuery { filter, start: start.transpose()?, limit: limit(params)? })
}

fn range(params: &Params) -> Result<ExportRange, Error> {
    let range =
        ExportRange { after: number(params, "after")?, until: number(params, "until")?, from: moment(params, "from")? };
    if range.after.is_some() && range.from.is_some() {
        return Err(Error::InvalidQuery { name: "from", why: "`after` says already where to begin" });
    }
    Ok(range)
}

fn limit(params: &Params) -> Result<u32, Error> {
    Ok(params.number("limit", 1..=MAX_LIMIT, "must be from 1 to 1000")?.unwrap_or(DEFAULT_LIMIT))
}

fn number(params: &Params, name: &'static str) -> Result<Option<u64>, Error> {
    params.number(name, 0..=u64::MAX >> 1, NUMBER)
}

fn moment(params: &Params, name: &'static str) -> Result<Option<Timestamp>, Error> {
    let why = "must be a moment as RFC 3339 has it, such as 2026-01-10T09:00:00Z";
    params.once(name)?.map(|text| text.parse().map_err(|_| Error::InvalidQuery { name, why })).transpose()
}

fn id(params: &Params, name: &'static str) -> Result<Option<uuid::Uuid>, Error> {
    params
        .once(name)?
        .map(|text| text.parse().map_err(|_| Error::InvalidQuery { name, why: "must be a UUID" }))
        .transpose()
}

fn cursor(text: &str) -> Option<Cursor> {
    let mut parts = text.split('.');
    let (at, writer, sequence) = (parts.next()?, parts.next()?, parts.next()?);
    let sequence = sequence.parse().ok().filter(|sequence| *sequence <= u64::MAX >> 1)?;
    parts.next().is_none().then_some(Cursor { at: at.parse().ok()?, writer: writer.parse().ok()?, sequence })
}

fn page(events: Events) -> wire::Events {
    wire::Events {
        events: events.found.into_iter().map(show).collect(),
        next: events.next.map(|Cursor { at, writer, sequence }| format!("{at}.{writer}.{sequence}")),
    }
}

fn show(record: StoredRecord) -> wire::Event {
    wire::Event {
        writer: record.writer,
        sequence: record.sequence,
        event: serde_json::from_str(&record.event).unwrap_or_default(),
    }
}
