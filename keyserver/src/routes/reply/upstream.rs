//! The rows of the table of errors for an upstream key service.
//!
//! *Invariant:* no fault of the upstream looks like the caller's, and a key that was disabled or deleted there looks as one that
//! was here.

use axum::http::StatusCode;

use crate::error::upstream::Fault;

pub(super) const fn row(fault: Fault) -> (StatusCode, &'static str) {
    match fault {
        Fault::Unreachable => (StatusCode::SERVICE_UNAVAILABLE, "UPSTREAM_UNREACHABLE_ERR"),
        Fault::TimedOut => (StatusCode::GATEWAY_TIMEOUT, "UPSTREAM_TIMEOUT_ERR"),
        Fault::Failing { .. } => (StatusCode::BAD_GATEWAY, "UPSTREAM_FAILED_ERR"),
        Fault::Throttled { .. } => (StatusCode::TOO_MANY_REQUESTS, "UPSTREAM_THROTTLED_ERR"),
        Fault::Busy { .. } => (StatusCode::SERVICE_UNAVAILABLE, "UPSTREAM_BUSY_ERR"),
        Fault::Paused { .. } => (StatusCode::SERVICE_UNAVAILABLE, "UPSTREAM_PAUSED_ERR"),
        Fault::CredentialRefused => (StatusCode::FAILED_DEPENDENCY, "UPSTREAM_CREDENTIAL_ERR"),
        Fault::AccessRefused => (StatusCode::FAILED_DEPENDENCY, "UPSTREAM_ACCESS_ERR"),
        Fault::KeyMissing => (StatusCode::FAILED_DEPENDENCY, "UPSTREAM_KEY_NOT_FOUND_ERR"),
        Fault::KeyInactive => (StatusCode::CONFLICT, "KEY_ACTION_INVALID_STATE_ERR"),
        Fault::KeyDeleted => (StatusCode::GONE, "KEY_DELETED_ERR"),
        Fault::RotationTooSoon => (StatusCode::CONFLICT, "KEY_ROTATION_NOT_PERMITTED"),
        Fault::Refused => (StatusCode::FAILED_DEPENDENCY, "UPSTREAM_REFUSED_ERR"),
        Fault::Malformed => (StatusCode::BAD_GATEWAY, "UPSTREAM_ANSWER_MALFORMED_ERR"),
        Fault::TooLarge => (StatusCode::BAD_GATEWAY, "UPSTREAM_ANSWER_TOO_LARGE_ERR"),
        Fault::Wrong => (StatusCode::BAD_GATEWAY, "UPSTREAM_ANSWER_WRONG_ERR"),
    }
}
