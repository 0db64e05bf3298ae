//! `/services/v1/{instance}`: the objects of a service instance, and its root key for those who seal and open them.
//!
//! ```text
//! PUT GET HEAD DELETE  /services/v1/{instance}/objects/{name…}
//! GET                  /services/v1/{instance}/objects?prefix=&after=&limit=
//! POST                 /services/v1/{instance}/api/v2/keys/{key}/actions/{wrap,unwrap,rewrap}
//! POST                 /services/v1/{instance}/identity/token
//! ```
//!
//! `/services/v1/{instance}` is what a client takes as the endpoint of its key service; what it sees there is Key Protect with
//! the one key that encrypts the instance.
//! *Invariant:* extract → service → reply.

use std::time::Duration;

use axum::{
    body::{Body as HttpBody, BodyDataStream},
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, header},
};
use base64ct::{Base64, Encoding};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use tokio::time::Instant;

use crate::{
    error::Error,
    keys::object::{
        Checksum, EntityTag, NewObject, Object, ObjectName, ObjectPage, Precondition, Range, ReadObject, Tags,
    },
    routes::{
        extract::{
            Params,
            services::{InstanceInPath, ObjectInPath},
        },
        keys::date,
        reply::Reply,
        wire::resources as wire,
    },
    service::{
        call::Call,
        objects::{self as service, Found, ObjectBody, ObjectList, Upload},
    },
    state::App,
};

const MAX_PAGE: u32 = 1000;
/// For the next piece of an object that is being sent.
const PIECE_TIMEOUT: Duration = Duration::from_secs(30);
const DIGEST_ALGORITHM: &str = "sha-256";

pub(super) async fn put(
    State(app): State<App>,
    call: Call,
    ObjectInPath { instance, name }: ObjectInPath,
    headers: HeaderMap,
    body: HttpBody,
) -> Reply {
    let new = name
        .and_then(|name| Ok(NewObject { name, precondition: precondition(&headers), announced: announced(&headers)? }));
    let time = app.services.upload_time;
    let mut upload = Incoming { body: body.into_data_stream(), time, end: Instant::now() + time };
    let stored = service::put(&app, call, instance, new, &mut upload).await;
    Reply::with_headers(stored, |object| {
        let headers = [(header::ETAG, etag(&object)), (REPR_DIGEST, digest(&object))];
        (show(object), headers)
    })
}

pub(super) async fn get(
    State(app): State<App>,
    call: Call,
    ObjectInPath { instance, name }: ObjectInPath,
    headers: HeaderMap,
) -> Reply {
    let found = service::get(&app, call, instance, name.map(|name| wanted(name, &headers))).await;
    Reply::raw(found, |found| match found {
        Found::Unchanged(object) => (describe(&object, None), HttpBody::empty()),
        Found::Here { object, part, body } => {
            let length = part.map_or(object.size, |(_, length)| length);
            (describe(&object, part.map(|(first, _)| (first, length))), outgoing(body))
        }
    })
}

pub(super) async fn head(
    State(app): State<App>,
    call: Call,
    ObjectInPath { instance, name }: ObjectInPath,
    headers: HeaderMap,
) -> Reply {
    let found = service::head(&app, call, instance, name.map(|name| wanted(name, &headers))).await;
    Reply::raw(found, |object| {
        let mut headers = describe(&object, None);
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(object.size));
        (headers, HttpBody::empty())
    })
    .without_body()
}

pub(super) async fn list(
    State(app): State<App>,
    call: Call,
    InstanceInPath(instance): InstanceInPath,
    params: Params,
) -> Reply {
    Reply::json(service::list(&app, call, instance, page(&params)).await, collection)
}

pub(super) async fn delete(
    State(app): State<App>,
    call: Call,
    ObjectInPath { instance, name }: ObjectInPath,
    headers: HeaderMap,
) -> Reply {
    Reply::empty(service::delete(&app, call, instance, name, precondition(&headers)).await)
}

pub(super) async fn unknown(State(app): State<App>, call: Call, InstanceInPath(instance): InstanceInPath) -> Reply {
    Reply::empty(service::unknown(&app, call, instance, Error::UnknownPath).await)
}

pub(super) async fn wrong_method(
    State(app): State<App>,
    call: Call,
    InstanceInPath(instance): InstanceInPath,
) -> Reply {
    Reply::empty(service::unknown(&app, call, instance, Error::MethodNotAllowed).await)
}

/// What an object's sender is still sending.
struct Incoming {
    body: BodyDataStream,
    time: Duration,
    end: Instant,
}

#[async_trait::async_trait]
impl Upload for Incoming {
    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let piece_end = Instant::now() + PIECE_TIMEOUT;
        let next = tokio::time::timeout_at(piece_end.min(self.end), self.body.next()).await;
        let next = next.map_err(|_| match piece_end < self.end {
            true => Error::BodyUnreadable,
            false => Error::UploadTooSlow { seconds: self.time.as_secs() },
        })?;
        next.transpose().map_err(|_| Error::BodyUnreadable)
    }
}

fn outgoing(body: Box<ObjectBody>) -> HttpBody {
    let pieces = stream::try_unfold(body, async |mut body| match body.next().await {
        Ok(piece) => Ok(piece.map(|piece| (piece, body))),
        Err(error) => {
            tracing::warn!(detail = error.detail(), "an object was cut off on its way out");
            Err(error)
        }
    });
    HttpBody::from_stream(pieces)
}

fn wanted(name: ObjectName, headers: &HeaderMap) -> ReadObject {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    ReadObject {
        name,
        precondition: precondition(headers),
        range: text(header::RANGE).and_then(Range::parse),
        range_of: text(header::IF_RANGE).map(|tag| EntityTag::from_text(tag.trim_matches('"'))),
    }
}

fn precondition(headers: &HeaderMap) -> Precondition {
    let tags = |name: HeaderName| {
        let values = headers.get_all(name);
        let mut texts = values.iter().map(|value| value.to_str().unwrap_or_default()).peekable();
        texts.peek()?;
        let items: Vec<&str> = texts.flat_map(|text| text.split(',')).map(str::trim).collect();
        Some(if items.contains(&"*") {
            Tags::Any
        } else {
            Tags::These(items.into_iter().map(|tag| EntityTag::from_text(tag.trim_matches('"'))).collect())
        })
    };
    Precondition { matching: tags(header::IF_MATCH), none_matching: tags(header::IF_NONE_MATCH) }
}

const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");

/// The SHA-256 of `Content-Digest` or `Repr-Digest` (RFC 9530), which say the same of a whole object.
fn announced(headers: &HeaderMap) -> Result<Option<Checksum>, Error> {
    let invalid = Error::InvalidField { name: "Content-Digest", why: "must hold `sha-256=:…:` as RFC 9530 has it" };
    let Some(value) = headers.get(CONTENT_DIGEST).or_else(|| headers.get(REPR_DIGEST)) else { return Ok(None) };
    let member = value.to_str().ok().and_then(|text| {
        text.split(',').find_map(|member| {
            let (name, value) = member.trim().split_once('=')?;
            name.eq_ignore_ascii_case(DIGEST_ALGORITHM).then_some(value)
        })
    });
    let bytes = member.and_then(|value| {
        let base64 = value.strip_prefix(':')?.strip_suffix(':')?;
        <[u8; 32]>::try_from(Base64::decode_vec(base64).ok()?).ok()
    });
    bytes.map(|bytes| Some(Checksum(bytes))).ok_or(invalid)
}

fn etag(object: &Object) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{}\"", object.checksum.tag().as_str())).expect("hexadecimal text")
}

fn digest(object: &Object) -> HeaderValue {
    let base64 = Base64::encode_string(&object.checksum.0);
    HeaderValue::from_str(&format!("{DIGEST_ALGORITHM}=:{base64}:")).expect("base64 text")
}

/// What is known of an object, as headers; `part` is first byte and length.
fn describe(object: &Object, part: Option<(u64, u64)>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::ETAG, etag(object));
    headers.insert(REPR_DIGEST, digest(object));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    let modified = object.stored.at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(modified) = HeaderValue::from_str(&modified) {
        headers.insert(header::LAST_MODIFIED, modified);
    }
    if let Some((first, length)) = part
        && let Ok(range) = HeaderValue::from_str(&format!("bytes {first}-{}/{}", first + length - 1, object.size))
    {
        headers.insert(header::CONTENT_RANGE, range);
    }
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(part.map_or(object.size, |(_, length)| length)));
    headers
}

fn page(params: &Params) -> Result<ObjectPage, Error> {
    let limit = params.number("limit", 1..=MAX_PAGE, "must be a number from 1 to 1000")?.unwrap_or(MAX_PAGE);
    let (prefix, after) = (params.get("prefix").unwrap_or_default().to_owned(), params.get("after").map(str::to_owned));
    Ok(ObjectPage { prefix, after, limit })
}

fn collection(list: ObjectList) -> wire::Objects {
    let next = list.objects.last().filter(|_| list.more).map(|object| object.name.as_str().to_owned());
    wire::Objects { objects: list.objects.into_iter().map(show).collect(), next }
}

fn show(object: Object) -> wire::Object {
    wire::Object {
        name: object.name.as_str().to_owned(),
        size: object.size,
        etag: format!("\"{}\"", object.checksum.tag().as_str()),
        sha256: object.checksum.tag().as_str().to_owned(),
        stored_at: date(object.stored.at),
        stored_by: object.stored.by,
    }
}
