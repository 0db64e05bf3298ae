//! Outcomes → answers: the one place that knows status codes and reason codes.
//!
//! *Invariant:* a [`Reply`] to a request that needs permission is made from an [`Audited`] outcome only; every error has
//! exactly one row.

mod actions;
pub(super) mod limited;
mod upstream;

pub(super) use actions::Family;

use axum::{
    Json,
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    audit::{
        Answer, Audited,
        event::{Reason, Severity},
    },
    error::Error,
    iam::roles::Action,
    routes::{
        reply::actions::{family, what_failed},
        wire,
    },
    state::AppState,
};

const MORE_INFO: &str = "https://cloud.ibm.com/apidocs/key-protect";

/// An answer that may leave the server.
pub(super) struct Reply(Response);

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        self.0
    }
}

impl Reply {
    /// The outcome with the body that `show` makes of it, or the error.
    pub(super) fn json<T, B: Serialize>(audited: Audited<T>, show: impl FnOnce(T) -> B) -> Self {
        Self::with_headers(audited, |outcome| (show(outcome), []))
    }

    /// As [`Reply::json`], with headers that are part of the outcome.
    pub(super) fn with_headers<T, B: Serialize, const N: usize>(
        audited: Audited<T>,
        show: impl FnOnce(T) -> (B, [(HeaderName, HeaderValue); N]),
    ) -> Self {
        match audited.open() {
            (_, _, Ok((answer, outcome))) => {
                let (body, headers) = show(outcome);
                let status = status_of_answer(answer);
                match answer {
                    Answer::Empty | Answer::CreatedSilently | Answer::Unchanged => {
                        Self((status, headers).into_response())
                    }
                    Answer::Content | Answer::Created | Answer::Accepted | Answer::Partial => {
                        Self((status, headers, Json(body)).into_response())
                    }
                }
            }
            (action, correlation, Err(error)) => Self::error(action, correlation, &error),
        }
    }

    /// Only headers, for HEAD.
    pub(super) fn head<T>(audited: Audited<T>, show: impl FnOnce(T) -> [(HeaderName, HeaderValue); 1]) -> Self {
        match audited.open() {
            (_, _, Ok((answer, outcome))) => Self((status_of_answer(answer), show(outcome)).into_response()),
            (_, _, Err(error)) => Self(row(&error).0.into_response()),
        }
    }

    /// The outcome with the headers and the body that `show` makes of it, or the error.
    pub(super) fn raw<T>(audited: Audited<T>, show: impl FnOnce(T) -> (HeaderMap, Body)) -> Self {
        match audited.open() {
            (_, _, Ok((answer, outcome))) => {
                let (headers, body) = show(outcome);
                Self((status_of_answer(answer), headers, body).into_response())
            }
            (action, correlation, Err(error)) => {
                let mut reply = Self::error(action, correlation, &error);
                if let Error::RangeUnsatisfiable { size } = error
                    && let Ok(value) = HeaderValue::from_str(&format!("bytes */{size}"))
                {
                    reply.0.headers_mut().insert(header::CONTENT_RANGE, value);
                }
                reply
            }
        }
    }

    /// The same answer to HEAD.
    pub(super) fn without_body(self) -> Self {
        let (parts, _) = self.0.into_parts();
        let mut response = Response::from_parts(parts, Body::empty());
        if !response.status().is_success() {
            // It counts an error's body that is not sent.
            response.headers_mut().remove(header::CONTENT_LENGTH);
        }
        Self(response)
    }

    /// Nothing to show: done, or the error.
    pub(super) fn empty<T>(audited: Audited<T>) -> Self {
        Self::json(audited, |_| ())
    }

    fn error(action: Action, correlation: Uuid, error: &Error) -> Self {
        Self::error_of(family(action), action, correlation, error)
    }

    fn error_of(family: Family, action: Action, correlation: Uuid, error: &Error) -> Self {
        let (status, code) = row(error);
        if let Error::Store(detail) | Error::StoreUnreachable(detail) = error {
            tracing::error!(%correlation, detail, "store");
        } else if let Error::Corrupt(detail) = error {
            tracing::error!(%correlation, detail, "stored data");
        } else if let Error::CustodyUnreachable { .. }
        | Error::CustodyRefused(_)
        | Error::CustodyLied(_)
        | Error::Upstream(_) = error
        {
            tracing::error!(%correlation, detail = error.detail(), code, "custody");
        }
        let mut reply = match family {
            Family::KeyProtect => Self((status, Json(key_protect_error(action, error))).into_response()),
            Family::Token => Self((status, Json(token_error(code, error, correlation))).into_response()),
            Family::ResourceController => Self((status, Json(resource_error(error, correlation))).into_response()),
            Family::Management => Self((status, Json(management_error(error, correlation))).into_response()),
        };
        if let Some(seconds) = retry_after(error) {
            reply.0.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        reply
    }
}

/// The envelope that Key Protect puts around everything it lists; `total` is how many there are in all, if that was asked.
pub(super) fn collection<T>(
    collection_type: &'static str,
    resources: Vec<T>,
    total: Option<usize>,
) -> wire::Collection<T> {
    let metadata = wire::Metadata { collection_type, collection_total: resources.len(), total_count: total };
    wire::Collection { metadata, resources }
}

fn key_protect_error(action: Action, error: &Error) -> wire::Collection<wire::ErrorResource> {
    let (status, code) = row(error);
    let phrase = status.canonical_reason().unwrap_or_default();
    let error_msg = if status == StatusCode::UNAUTHORIZED {
        format!("{phrase}: {error} ({code})")
    } else {
        format!("{phrase}: {}: Please see `reasons` for more details ({code})", what_failed(action))
    };
    let reason = wire::ErrorReason {
        code,
        message: error.to_string(),
        status: status.as_u16(),
        more_info: MORE_INFO,
        target: target(error),
    };
    collection(wire::ERROR_COLLECTION, vec![wire::ErrorResource { error_msg, reasons: [reason] }], None)
}

const fn target(error: &Error) -> Option<wire::ErrorTarget> {
    match error {
        Error::InvalidField { name, .. } => Some(wire::ErrorTarget { r#type: "field", name }),
        Error::PayloadRequired => Some(wire::ErrorTarget { r#type: "field", name: "payload" }),
        Error::InvalidQuery { name, .. } => Some(wire::ErrorTarget { r#type: "query_param", name }),
        Error::PayloadNotAllowed => Some(wire::ErrorTarget { r#type: "query_param", name: "payload" }),
        _ => None,
    }
}

/// Seconds after which it is worth trying again, where that is known.
const fn retry_after(error: &Error) -> Option<u32> {
    match error {
        Error::CustodyUnreachable { retry_after, .. } => *retry_after,
        Error::TooManyRequests { seconds } | Error::ImportTokensBusy { seconds } => Some(*seconds),
        Error::Upstream(error) => error.fault.retry_after(),
        _ => None,
    }
}

fn token_error(code: &'static str, error: &Error, correlation: Uuid) -> wire::TokenError {
    // As IBM's token service names a token that is not accepted; elsewhere it has the code of Key Protect.
    let is_about_a_token = matches!(error, Error::TokenMissing | Error::TokenInvalid | Error::TokenExpired);
    wire::TokenError {
        error_code: if is_about_a_token { "BXNIM0407E" } else { code },
        error_message: error.to_string(),
        context: wire::TokenErrorContext { request_id: correlation },
    }
}

fn management_error(error: &Error, correlation: Uuid) -> wire::IamErrors {
    let (status, code) = row(error);
    wire::IamErrors {
        trace: correlation,
        errors: [wire::IamError { code, message: error.to_string() }],
        status_code: status.as_u16(),
    }
}

fn resource_error(error: &Error, correlation: Uuid) -> wire::resources::Error {
    let (status, code) = row(error);
    wire::resources::Error {
        error_code: code,
        message: error.to_string(),
        status_code: status.as_u16(),
        transaction_id: correlation,
    }
}

/// Whether the server is well.
pub(super) fn health(well: bool) -> Response {
    let (status, word) = if well { (StatusCode::OK, "ok") } else { (StatusCode::SERVICE_UNAVAILABLE, "unavailable") };
    (status, Json(wire::Health { status: word })).into_response()
}

/// Nothing is served here, to anybody.
pub(super) fn no_such_path() -> Response {
    (StatusCode::NOT_FOUND, Json(key_protect_error(Action::UnknownRequest, &Error::UnknownPath))).into_response()
}

/// The browser's copy is current.
pub(super) fn not_modified() -> Response {
    StatusCode::NOT_MODIFIED.into_response()
}

/// The console is not part of this binary.
pub(super) fn not_built(text: &'static str) -> Response {
    (StatusCode::NOT_FOUND, text).into_response()
}

/// The answer when a handler panicked: the request may have been recorded or not, and nothing of it is shown.
pub(super) fn crashed(correlation: Uuid) -> Reply {
    Reply::error(Action::UnknownRequest, correlation, &Error::Corrupt("a request handler panicked"))
}

/// Status and severity of an outcome, for its audit event.
pub(crate) fn classify(outcome: Result<Answer, &Error>) -> Reason {
    let status = match outcome {
        Ok(answer) => status_of_answer(answer),
        Err(error) => row(error).0,
    };
    let severity = match status.as_u16() {
        401 | 403 | 503 | 507 => Some(Severity::Critical),
        400 | 409 | 424 | 502 | 504 | 505 => Some(Severity::Warning),
        _ => None,
    };
    // Events tell forbidden and unauthorized alike.
    let told = if status == StatusCode::FORBIDDEN { StatusCode::UNAUTHORIZED } else { status };
    Reason { code: told.as_u16(), phrase: told.canonical_reason().unwrap_or_default(), severity }
}

const fn status_of_answer(answer: Answer) -> StatusCode {
    match answer {
        Answer::Content => StatusCode::OK,
        Answer::Created | Answer::CreatedSilently => StatusCode::CREATED,
        Answer::Accepted => StatusCode::ACCEPTED,
        Answer::Empty => StatusCode::NO_CONTENT,
        Answer::Partial => StatusCode::PARTIAL_CONTENT,
        Answer::Unchanged => StatusCode::NOT_MODIFIED,
    }
}

/// The table of errors.
const fn row(error: &Error) -> (StatusCode, &'static str) {
    match error {
        Error::TokenMissing
        | Error::TokenInvalid
        | Error::TokenExpired
        | Error::Denied
        | Error::NetworkRefused
        | Error::AddressRefused => (StatusCode::UNAUTHORIZED, "UNAUTHORIZED_ERR"),
        Error::SubjectUnreadable => (StatusCode::BAD_REQUEST, "BEARER_SUB_EXTRACTION_ERR"),
        Error::IssuerUnreachable => (StatusCode::SERVICE_UNAVAILABLE, "ISSUER_UNREACHABLE_ERR"),
        Error::NoBody => (StatusCode::BAD_REQUEST, "NO_BODY_ERR"),
        Error::BadBody(_) => (StatusCode::BAD_REQUEST, "BAD_BODY_ERR"),
        Error::CollectionTotalMismatch => (StatusCode::BAD_REQUEST, "COLLECTION_TOTAL_MISMATCH_ERR"),
        Error::InvalidField { .. } => (StatusCode::BAD_REQUEST, "INVALID_FIELD_ERR"),
        Error::InvalidQuery { .. } | Error::PayloadNotAllowed => (StatusCode::BAD_REQUEST, "INVALID_QUERY_PARAM_ERR"),
        Error::SearchTooBroad => (StatusCode::BAD_REQUEST, "KEY_SEARCH_TOO_BROAD"),
        Error::KeyNotFound => (StatusCode::NOT_FOUND, "KEY_NOT_FOUND_ERR"),
        Error::RingNotFound => (StatusCode::NOT_FOUND, "KEY_RING_NOT_FOUND_ERR"),
        Error::RingExists => (StatusCode::CONFLICT, "KEY_RING_EXISTS_ERR"),
        Error::TooManyRings { .. } => (StatusCode::CONFLICT, "KEY_RING_LIMIT_ERR"),
        Error::DefaultRing => (StatusCode::CONFLICT, "KEY_RING_DEFAULT_ERR"),
        Error::RingKeysNotDeleted => (StatusCode::CONFLICT, "KEY_RING_KEYS_NOT_DELETED_ERR"),
        Error::RingNotEmpty => (StatusCode::CONFLICT, "KEY_RING_NOT_EMPTY_ERR"),
        Error::RootKeyRequired => (StatusCode::BAD_REQUEST, "KEY_ROOT_REQ_ERR"),
        Error::PayloadRequired => (StatusCode::BAD_REQUEST, "KEY_PAYLOAD_REQ_ERR"),
        Error::InvalidState => (StatusCode::CONFLICT, "KEY_ACTION_INVALID_STATE_ERR"),
        Error::KeyDeleted => (StatusCode::GONE, "KEY_DELETED_ERR"),
        Error::TooEarly { .. } => (StatusCode::CONFLICT, "REQ_TOO_EARLY_ERR"),
        Error::RotationTooSoon => (StatusCode::CONFLICT, "KEY_ROTATION_NOT_PERMITTED"),
        Error::ImportedKeyRequired => (StatusCode::BAD_REQUEST, "KEY_IMPT_REQ_ERR"),
        Error::RestoreExpired => (StatusCode::BAD_REQUEST, "KEY_RESTORE_EXPIRED"),
        Error::KeyExpired => (StatusCode::BAD_REQUEST, "KEY_EXPIRED_ERR"),
        Error::AuthorizationsNotMet => (StatusCode::CONFLICT, "AUTHORIZATIONS_NOT_MET"),
        Error::NotDualAuth => (StatusCode::CONFLICT, "NOT_DUAL_AUTH_ERR"),
        Error::DualAuthStays => (StatusCode::CONFLICT, "DUAL_AUTH_STAYS_ERR"),
        Error::PolicyMismatch => (StatusCode::BAD_REQUEST, "BODY_QUERY_PARAM_MISMATCH_ERR"),
        Error::PolicyCount(_) => (StatusCode::BAD_REQUEST, "NUM_COLLECTION_RESOURCE_ERR"),
        Error::CreateImportAccess => (StatusCode::CONFLICT, "KEY_CREATE_IMPORT_ACCESS_ERR"),
        Error::UnprocessableCiphertext => (StatusCode::UNPROCESSABLE_ENTITY, "UNPROCESSABLE_CIPHERTEXT_ERR"),
        Error::AliasInUse => (StatusCode::CONFLICT, "KEY_ALIAS_NOT_UNIQUE_ERR"),
        Error::TooManyAliases { .. } => (StatusCode::CONFLICT, "KEY_ALIAS_LIMIT_ERR"),
        Error::AliasNotFound => (StatusCode::NOT_FOUND, "KEY_ALIAS_NOT_FOUND_ERR"),
        Error::ProtectedResource => (StatusCode::CONFLICT, "PROTECTED_RESOURCE_ERR"),
        Error::DeletionPrevented => (StatusCode::CONFLICT, "PREV_KEY_DEL_ERR"),
        Error::ServiceOnly => (StatusCode::FORBIDDEN, "SERVICE_ONLY_ERR"),
        Error::ResourceOwner => (StatusCode::FORBIDDEN, "RESOURCE_OWNER_ERR"),
        Error::RegistrationExists => (StatusCode::CONFLICT, "REGISTRATION_EXISTS_ERR"),
        Error::RegistrationNotFound => (StatusCode::NOT_FOUND, "REGISTRATION_NOT_FOUND_ERR"),
        Error::RegistrationNeedsRootKey => (StatusCode::UNPROCESSABLE_ENTITY, "KEY_ROOT_REQ_REG_ERR"),
        Error::RegistrationState => (StatusCode::UNPROCESSABLE_ENTITY, "KEY_INVALID_STATE_ERR"),
        Error::RegistrationVersion => (StatusCode::UNPROCESSABLE_ENTITY, "KEY_VERSION_INVALID"),
        Error::ImportTokenMissing | Error::ImportTokenExpired => (StatusCode::CONFLICT, "IMPORT_TOKEN_EXPIRED_ERR"),
        Error::ImportTokenNotMade => (StatusCode::NOT_FOUND, "IMPORT_TOKEN_NOT_FOUND_ERR"),
        Error::IncorrectNonceIv => (StatusCode::BAD_REQUEST, "INCORRECT_NONCE_IV_ERR"),
        Error::IncorrectNonce => (StatusCode::BAD_REQUEST, "INCORRECT_NONCE_ERR"),
        Error::ApiKeyUnknown => (StatusCode::BAD_REQUEST, "BXNIM0415E"),
        Error::GrantTypeUnsupported => (StatusCode::BAD_REQUEST, "BXNIM0102E"),
        Error::DesiredIdUnreadable => (StatusCode::BAD_REQUEST, "BXNIM0109E"),
        Error::NotOperator => (StatusCode::FORBIDDEN, "NOT_OPERATOR_ERR"),
        Error::SignInCodeUnknown => (StatusCode::UNAUTHORIZED, "SIGN_IN_CODE_ERR"),
        Error::SessionMissing => (StatusCode::UNAUTHORIZED, "SESSION_MISSING_ERR"),
        Error::ForeignOrigin => (StatusCode::FORBIDDEN, "FOREIGN_ORIGIN_ERR"),
        Error::PolicyNotFound => (StatusCode::NOT_FOUND, "policy_not_found"),
        Error::PolicyExists => (StatusCode::CONFLICT, "policy_conflict_error"),
        Error::EtagMissing => (StatusCode::BAD_REQUEST, "ETAG_REQUIRED_ERR"),
        Error::EtagMismatch => (StatusCode::CONFLICT, "ETAG_MISMATCH_ERR"),
        Error::IdentityNotFound => (StatusCode::NOT_FOUND, "not_found"),
        Error::UserExists => (StatusCode::CONFLICT, "USER_EXISTS_ERR"),
        Error::Locked => (StatusCode::CONFLICT, "LOCKED_ERR"),
        Error::AdministratorStays => (StatusCode::CONFLICT, "ADMINISTRATOR_STAYS_ERR"),
        Error::ValueNotKept => (StatusCode::BAD_REQUEST, "VALUE_NOT_KEPT_ERR"),
        Error::ApiKeyInactive => (StatusCode::BAD_REQUEST, "API_KEY_INACTIVE_ERR"),
        Error::UserInactive => (StatusCode::BAD_REQUEST, "BXNIM0410E"),
        Error::ResourceNotFound => (StatusCode::NOT_FOUND, "RESOURCE_NOT_FOUND_ERR"),
        Error::InstanceGone => (StatusCode::GONE, "RESOURCE_REMOVED_ERR"),
        Error::InstanceDeleted => (StatusCode::CONFLICT, "RESOURCE_PENDING_RECLAMATION_ERR"),
        Error::InstanceLocked => (StatusCode::UNPROCESSABLE_ENTITY, "RESOURCE_LOCKED_ERR"),
        Error::ReclamationNotFound => (StatusCode::NOT_FOUND, "RECLAMATION_NOT_FOUND_ERR"),
        Error::InstanceHasKeys { .. } => (StatusCode::CONFLICT, "RC-ServiceBrokerErrorResponse"),
        Error::PremiumRequired => (StatusCode::UNPROCESSABLE_ENTITY, "PREMIUM_PLAN_REQUIRED_ERR"),
        Error::KeyOnlyAtCreation => (StatusCode::UNPROCESSABLE_ENTITY, "KEY_ONLY_AT_CREATION_ERR"),
        Error::KeyRegionMismatch => (StatusCode::UNPROCESSABLE_ENTITY, "KEY_REGION_MISMATCH_ERR"),
        Error::AuthorizationMissing => (StatusCode::FORBIDDEN, "SERVICE_AUTHORIZATION_MISSING_ERR"),
        Error::ResourceGroupDenied => (StatusCode::FORBIDDEN, "RESOURCE_GROUP_ACCESS_ERR"),
        Error::RootKeyInactive => (StatusCode::CONFLICT, "ROOT_KEY_INACTIVE_ERR"),
        Error::KeyNameAmbiguous => (StatusCode::CONFLICT, "KEY_NAME_AMBIGUOUS_ERR"),
        Error::RootKeyDestroyed => (StatusCode::GONE, "ROOT_KEY_DESTROYED_ERR"),
        Error::NotEncrypted => (StatusCode::CONFLICT, "INSTANCE_NOT_ENCRYPTED_ERR"),
        Error::NoUsage => (StatusCode::NOT_FOUND, "USAGE_NOT_FOUND_ERR"),
        Error::ObjectNotFound => (StatusCode::NOT_FOUND, "OBJECT_NOT_FOUND_ERR"),
        Error::PreconditionFailed => (StatusCode::PRECONDITION_FAILED, "OBJECT_PRECONDITION_ERR"),
        Error::RangeUnsatisfiable { .. } => (StatusCode::RANGE_NOT_SATISFIABLE, "OBJECT_RANGE_ERR"),
        Error::ObjectTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "OBJECT_TOO_LARGE_ERR"),
        Error::QuotaExceeded { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "OBJECT_QUOTA_ERR"),
        Error::UploadTooSlow { .. } => (StatusCode::REQUEST_TIMEOUT, "OBJECT_UPLOAD_TIME_ERR"),
        Error::ChecksumMismatch => (StatusCode::BAD_REQUEST, "OBJECT_CHECKSUM_ERR"),
        Error::NotSealed(_) => (StatusCode::UNPROCESSABLE_ENTITY, "OBJECT_NOT_SEALED_ERR"),
        Error::MessageDamaged(_) => (StatusCode::UNPROCESSABLE_ENTITY, "OBJECT_DAMAGED_ERR"),
        Error::ForeignKey => (StatusCode::UNPROCESSABLE_ENTITY, "OBJECT_KEY_MISMATCH_ERR"),
        Error::UnknownPath => (StatusCode::NOT_FOUND, "NOT_FOUND_ERR"),
        Error::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED_ERR"),
        Error::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE_ERR"),
        Error::BodyUnreadable => (StatusCode::REQUEST_TIMEOUT, "BODY_INCOMPLETE_ERR"),
        Error::TooManyRequests { .. } => (StatusCode::TOO_MANY_REQUESTS, "RATE_LIMIT_ERR"),
        Error::ImportTokensBusy { .. } => (StatusCode::TOO_MANY_REQUESTS, "IMPORT_TOKEN_BUSY_ERR"),
        Error::Contended => (StatusCode::CONFLICT, "CONFLICT_ERR"),
        Error::CustodyUnreachable { .. } => (StatusCode::SERVICE_UNAVAILABLE, "CUSTODY_UNREACHABLE_ERR"),
        Error::CustodyRefused(_) => (StatusCode::FAILED_DEPENDENCY, "CUSTODY_REFUSED_ERR"),
        Error::CustodyLied(_) => (StatusCode::BAD_GATEWAY, "CUSTODY_ANSWER_ERR"),
        Error::Upstream(error) => upstream::row(error.fault),
        Error::StoreUnreachable(_) => (StatusCode::SERVICE_UNAVAILABLE, "STORE_UNREACHABLE_ERR"),
        Error::Store(_) | Error::Corrupt(_) => (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERR"),
    }
}

/// `name: number` as a header.
pub(super) fn number_header(name: &'static str, value: u64) -> (HeaderName, HeaderValue) {
    (HeaderName::from_static(name), HeaderValue::from(value))
}

/// The header that says which state of an object an answer shows.
pub(super) fn etag(tag: &str) -> (HeaderName, HeaderValue) {
    (header::ETAG, HeaderValue::from_str(tag).expect("made of hexadecimal digits"))
}

/// The header that gives the console its cookie.
pub(super) fn session_cookie(app: &AppState, value: &str, seconds: i64) -> (HeaderName, HeaderValue) {
    let (name, secure) = (&app.session_cookie, if app.secure_cookies { "; Secure" } else { "" });
    let cookie = format!("{name}={value}; HttpOnly; SameSite=Strict; Path=/console; Max-Age={seconds}{secure}");
    let mut header_value = HeaderValue::from_str(&cookie).expect("made of URL-safe text");
    header_value.set_sensitive(true);
    (header::SET_COOKIE, header_value)
}

#[cfg(test)]
mod tests;
