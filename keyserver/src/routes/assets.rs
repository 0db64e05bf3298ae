//! The console's files, from inside the binary.
//!
//! *Invariant:* every file leaves with the strict content security policy; nothing is read from disk.

use std::borrow::Cow;

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header},
    response::{IntoResponse, Response},
};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::routes::reply;

#[derive(RustEmbed)]
#[folder = "../www/dist"]
#[allow_missing = true]
struct Dist;

const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
    img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const NOT_BUILT: &str = "The console was not built when this server was: run `cargo xtask build`.\n";

/// A file of the console; everything else does not exist.
pub(super) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    let path = if path.is_empty() { "index.html" } else { path };
    if method != Method::GET && method != Method::HEAD {
        return reply::no_such_path();
    }
    match Dist::get(path) {
        Some(file) => with_policy(answer(path, &file, &headers)),
        None if path == "index.html" => with_policy(reply::not_built(NOT_BUILT)),
        None => reply::no_such_path(),
    }
}

fn answer(path: &str, file: &EmbeddedFile, request: &HeaderMap) -> Response {
    let tag: String = file.metadata.sha256_hash()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{tag}\"");
    // The build names everything under assets/ by its content.
    let cache = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let known = request.get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == tag.as_bytes());
    let mut response = match &file.data {
        _ if known => reply::not_modified(),
        Cow::Borrowed(bytes) => bytes.into_response(),
        Cow::Owned(bytes) => bytes.clone().into_response(),
    };
    let headers = response.headers_mut();
    if !known {
        set(headers, header::CONTENT_TYPE, file.metadata.mimetype());
    }
    set(headers, header::ETAG, &tag);
    set(headers, header::CACHE_CONTROL, cache);
    response
}

fn with_policy(mut response: Response) -> Response {
    let headers = response.headers_mut();
    set(headers, header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    set(headers, header::REFERRER_POLICY, "no-referrer");
    response
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
