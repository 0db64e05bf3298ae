//! What requests carry, parsed once.
//!
//! *Invariant:* decides no permission. Extraction never refuses by itself: what is wrong travels on as an error, so that the
//! use-case can record it.

pub(super) mod services;

use std::{convert::Infallible, net::SocketAddr, ops::RangeInclusive, str::FromStr, time::Duration};

use axum::{
    body::Bytes,
    extract::{
        ConnectInfo, FromRequest, FromRequestParts, Path, Query, RawPathParams, Request,
        rejection::{BytesRejection, FailedToBufferBody},
    },
    http::{HeaderMap, HeaderValue, header, request::Parts},
};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::{
    error::Error,
    iam::{caller::Caller, identity::Digest},
    keys::{
        alias::KeyRef,
        crn::InstanceId,
        network::{Arrival, Network},
        ring::RingId,
    },
    routes::{observe::Correlation, wire},
    service::call::{Call, Source},
    state::App,
};

/// A wrap with the longest legal AAD, each character escaped, still fits.
pub(super) const MAX_BODY_BYTES: usize = 1 << 20;
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn source(parts: &Parts, app: &App) -> Source {
    Source {
        uri: parts.extensions.get::<axum::extract::OriginalUri>().map_or(&parts.uri, |uri| &uri.0).path().to_owned(),
        arrival: arrival(parts, app),
        agent: text(&parts.headers, "user-agent").map(str::to_owned),
        correlation: parts.extensions.get::<Correlation>().map_or(Uuid::nil(), |id| id.0),
    }
}

/// From where a request comes.
pub(super) fn arrival(parts: &Parts, app: &App) -> Arrival {
    let forwarded = parts.headers.get_all("x-forwarded-for").iter();
    // What is no text is no address either.
    let forwarded: Vec<&str> = forwarded.flat_map(|value| value.to_str().unwrap_or("?").split(',')).collect();
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    Arrival {
        network: parts.extensions.get().copied().unwrap_or(Network::Public),
        address: peer.and_then(|peer| app.trusted_proxies.client(peer, forwarded.into_iter())),
    }
}

impl FromRequestParts<App> for Call {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(Self {
            caller: caller(parts, app),
            instance: match text(&parts.headers, "bluemix-instance") {
                Some(guid) => InstanceId::parse(guid),
                None => Err(Error::InvalidField { name: "Bluemix-Instance", why: "the header is required" }),
            },
            ring: ring(&parts.headers),
            through: None,
            source: source(parts, app),
        })
    }
}

fn ring(headers: &HeaderMap) -> Result<Option<RingId>, Error> {
    // A header that is not text must not read as "any ring".
    let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
    headers.get("x-kms-key-ring").map(|value| RingId::parse(&text(value))).transpose()
}

/// The caller that the request's token names, or why there is none. Takes the one that was left with the request, if one was, so
/// that a token is verified once.
pub(super) fn caller(parts: &mut Parts, app: &App) -> Result<Caller, Error> {
    if let Some(known) = parts.extensions.remove() {
        return Ok(known);
    }
    let header = text(&parts.headers, header::AUTHORIZATION.as_str()).ok_or(Error::TokenMissing)?;
    let (scheme, token) = header.split_once(' ').ok_or(Error::TokenMissing)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Error::TokenMissing);
    }
    app.tokens.verify(token.trim(), app.clock.now())
}

/// Where a request came from, for calls that no token belongs to.
pub(super) struct CallSource(pub(super) Source);

impl FromRequestParts<App> for CallSource {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(Self(source(parts, app)))
    }
}

/// The key named in the path.
pub(super) struct KeyName(pub(super) Result<KeyRef, Error>);

impl FromRequestParts<App> for KeyName {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let Ok(path) = Segments::from_request_parts(parts, app).await;
        Ok(Self(KeyRef::parse(path.get("id"))))
    }
}

/// The variable segments of the path, percent-decoded.
pub(super) struct Segments(Vec<(String, String)>);

impl FromRequestParts<App> for Segments {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let path = RawPathParams::from_request_parts(parts, app).await;
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Ok(Self(path.map_or_else(|_| Vec::new(), |path| path.iter().map(owned).collect())))
    }
}

impl Segments {
    /// The segment with this name in the route; empty, which names nothing, if it is not percent-encoded text.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

/// A UUID in the path.
pub(super) struct IdInPath(pub(super) Result<Uuid, Error>);

impl FromRequestParts<App> for IdInPath {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let id = Path::<Uuid>::from_request_parts(parts, app).await;
        Ok(Self(id.map(|Path(id)| id).map_err(|_| Error::PolicyNotFound)))
    }
}

/// A UUID in the path behind the word that says what it is the id of, such as `ServiceId-`.
pub(super) struct PrefixedId(pub(super) String);

impl FromRequestParts<App> for PrefixedId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let path = Path::<String>::from_request_parts(parts, app).await;
        Ok(Self(path.map(|Path(text)| text).unwrap_or_default()))
    }
}

impl PrefixedId {
    /// The UUID, if it is the id of this kind of thing.
    pub(super) fn of(&self, prefix: &str) -> Result<Uuid, Error> {
        self.0.strip_prefix(prefix).and_then(|id| Uuid::try_parse(id).ok()).ok_or(Error::IdentityNotFound)
    }
}

/// A user and the account they are looked for in, from the path.
pub(super) struct UserInPath {
    pub(super) account: String,
    pub(super) iam_id: String,
}

impl FromRequestParts<App> for UserInPath {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let path = Path::<(String, String)>::from_request_parts(parts, app).await;
        // What is no text names no user of any account.
        let (account, iam_id) = path.map(|Path(pair)| pair).unwrap_or_default();
        Ok(Self { account, iam_id })
    }
}

/// The account in the path.
pub(super) struct AccountInPath(pub(super) String);

impl FromRequestParts<App> for AccountInPath {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let path = Path::<String>::from_request_parts(parts, app).await;
        Ok(Self(path.map(|Path(account)| account).unwrap_or_default()))
    }
}

/// The host that the request was sent to, as the client wrote it.
pub(super) struct AskedAt(pub(super) String);

impl FromRequestParts<App> for AskedAt {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Infallible> {
        let legal = |host: &&str| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte));
        Ok(Self(text(&parts.headers, header::HOST.as_str()).filter(legal).unwrap_or("localhost").to_owned()))
    }
}

/// What the header fields of new and shown API keys and service IDs say.
pub(super) struct EntityHeaders {
    /// `Entity-Lock: true`
    pub(super) locked: bool,
    /// `Entity-Disable: true`
    pub(super) disabled: bool,
    /// `IAM-Apikey`
    pub(super) api_key: Option<zeroize::Zeroizing<String>>,
}

impl FromRequestParts<App> for EntityHeaders {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Infallible> {
        let says = |name| text(&parts.headers, name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        Ok(Self {
            locked: says("entity-lock"),
            disabled: says("entity-disable"),
            api_key: text(&parts.headers, "iam-apikey").map(|value| zeroize::Zeroizing::new(value.to_owned())),
        })
    }
}

/// The ETag in `If-Match`, with or without quotes.
pub(super) struct IfMatch(pub(super) Result<String, Error>);

impl FromRequestParts<App> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Infallible> {
        let tag = text(&parts.headers, header::IF_MATCH.as_str()).ok_or(Error::EtagMissing);
        Ok(Self(tag.map(|tag| tag.trim_start_matches("W/").trim_matches('"').to_owned())))
    }
}

/// The query string.
pub(super) struct Params(Vec<(String, String)>);

impl FromRequestParts<App> for Params {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let pairs = Query::from_request_parts(parts, app).await;
        Ok(Self(pairs.map_or_else(|_| Vec::new(), |Query(pairs)| pairs)))
    }
}

impl Params {
    /// An empty value is no value: IBM's Python SDK sends `state=` for "any".
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// Everything, as it came.
    pub(super) fn all(&self) -> impl Iterator<Item = &(String, String)> {
        self.0.iter()
    }

    /// As [`Params::get`], where two values would ask two questions.
    pub(super) fn once(&self, name: &'static str) -> Result<Option<&str>, Error> {
        match self.0.iter().filter(|(key, _)| key == name).count() {
            0 | 1 => Ok(self.get(name)),
            _ => Err(Error::InvalidQuery { name, why: "must be given once" }),
        }
    }

    /// A number in this range.
    pub(super) fn number<T: FromStr + PartialOrd>(
        &self,
        name: &'static str,
        legal: RangeInclusive<T>,
        why: &'static str,
    ) -> Result<Option<T>, Error> {
        let number = |text: &str| text.parse().ok().filter(|number| legal.contains(number));
        self.get(name).map(|text| number(text).ok_or(Error::InvalidQuery { name, why })).transpose()
    }

    /// `true` or `false` in any case.
    pub(super) fn flag(&self, name: &'static str) -> Result<Option<bool>, Error> {
        match self.get(name) {
            None => Ok(None),
            Some(value) if value.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(value) if value.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(_) => Err(Error::InvalidQuery { name, why: "must be true or false" }),
        }
    }
}

/// The body as bytes, or why it did not arrive.
pub(super) struct Body(Result<Bytes, Error>);

impl FromRequest<App> for Body {
    type Rejection = Infallible;

    async fn from_request(request: Request, app: &App) -> Result<Self, Infallible> {
        let Ok(read) = tokio::time::timeout(BODY_TIMEOUT, Bytes::from_request(request, app)).await else {
            return Ok(Self(Err(Error::BodyUnreadable)));
        };
        Ok(Self(read.map_err(|rejection| match rejection {
            BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => Error::BodyTooLarge,
            _ => Error::BodyUnreadable,
        })))
    }
}

impl Body {
    /// A JSON body that may be left out: nothing, `null` and `{}` are alike.
    pub(super) fn optional<T: DeserializeOwned>(self) -> Result<Option<T>, Error> {
        let bytes = self.0?;
        let text = bytes.trim_ascii();
        let nothing = text.is_empty() || text == b"null" || is_empty_object(text);
        if nothing { Ok(None) } else { parse(text).map(Some) }
    }

    /// A JSON body that must be there.
    pub(super) fn required<T: DeserializeOwned>(self) -> Result<T, Error> {
        self.optional()?.ok_or(Error::NoBody)
    }

    /// The one resource of a collection.
    pub(super) fn resource<T: DeserializeOwned>(self) -> Result<T, Error> {
        let body: wire::CollectionIn<T> = self.required()?;
        let total = body.metadata.and_then(|metadata| metadata.collection_type.and(metadata.collection_total));
        let total = total.ok_or(Error::BadBody("`metadata` needs `collectionType` and `collectionTotal`"))?;
        let mut resources = body.resources.unwrap_or_default();
        if resources.len() > 1 {
            return Err(Error::BadBody("only one resource can be given per request"));
        }
        if total != resources.len() as u64 {
            return Err(Error::CollectionTotalMismatch);
        }
        resources.pop().ok_or(Error::BadBody("`resources` needs one entry"))
    }

    /// A form.
    pub(super) fn form(self) -> Result<Vec<(String, zeroize::Zeroizing<String>)>, Error> {
        let bytes = self.0?;
        serde_urlencoded::from_bytes(&bytes).map_err(|_| Error::BadBody("the body is not a URL-encoded form"))
    }
}

fn is_empty_object(text: &[u8]) -> bool {
    text.strip_prefix(b"{")
        .and_then(|rest| rest.strip_suffix(b"}"))
        .is_some_and(|inside| inside.trim_ascii().is_empty())
}

fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, Error> {
    // A list would be taken for the fields of an object in the order in which they happen to be declared.
    if text.first() == Some(&b'[') {
        return Err(Error::BadBody("the body is not a JSON object"));
    }
    // The parser's own message may quote the body, which may be a secret.
    serde_json::from_slice(text).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => WRONG_FIELD,
        _ => Error::BadBody("the body is not JSON"),
    })
}

/// A part of a body whose shape depends on the rest of it.
pub(super) fn parse_value<T: DeserializeOwned>(value: serde_json::Value) -> Result<T, Error> {
    serde_json::from_value(value).map_err(|_| WRONG_FIELD)
}

const WRONG_FIELD: Error = Error::BadBody("a field of the body has the wrong type or does not belong there");

/// The console's cookie, if the request comes from the console's own origin.
pub(super) struct SessionCookie(pub(super) Result<Digest, Error>);

impl FromRequestParts<App> for SessionCookie {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let cookie = own_origin(&parts.headers).and_then(|()| {
            let cookies = text(&parts.headers, "cookie").ok_or(Error::SessionMissing)?;
            let mut pairs = cookies.split("; ").filter_map(|cookie| cookie.split_once('='));
            let own = pairs.find(|(name, _)| *name == app.session_cookie);
            own.map(|(_, value)| Digest::of(value)).ok_or(Error::SessionMissing)
        });
        Ok(Self(cookie))
    }
}

/// Proof that a console call was made by the console's own page, or by no page at all.
pub(super) struct OwnOrigin(pub(super) Result<(), Error>);

impl FromRequestParts<App> for OwnOrigin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Infallible> {
        Ok(Self(own_origin(&parts.headers)))
    }
}

fn own_origin(headers: &HeaderMap) -> Result<(), Error> {
    let site_is_ours = text(headers, "sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none");
    let origin_is_ours = text(headers, "origin").is_none_or(|origin| {
        let host = origin.split_once("://").map(|(_, host)| host);
        host.is_some() && host == text(headers, "host")
    });
    if site_is_ours && origin_is_ours { Ok(()) } else { Err(Error::ForeignOrigin) }
}

/// How much of a changed key the caller wants to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prefer {
    /// Did not say.
    Default,
    /// `return=minimal`
    Minimal,
    /// `return=representation`
    Representation,
}

impl FromRequestParts<App> for Prefer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Infallible> {
        let header = text(&parts.headers, "prefer").unwrap_or_default();
        let asks = |wanted: &str| header.split([',', ';']).any(|item| item.trim().eq_ignore_ascii_case(wanted));
        Ok(if asks("return=representation") {
            Self::Representation
        } else if asks("return=minimal") {
            Self::Minimal
        } else {
            Self::Default
        })
    }
}

impl Prefer {
    /// Whether an answer that is empty by default shall have a body.
    pub(super) fn shows(self) -> bool {
        self == Self::Representation
    }
}
