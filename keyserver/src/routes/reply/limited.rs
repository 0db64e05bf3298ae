//! The answer to whoever asks too often, before it is known what exactly was asked.
//!
//! *Invariant:* has the shape that the path's other errors have.

use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use super::{Family, Reply};
use crate::{error::Error, iam::roles::Action};

/// The refusal in the shape that belongs to the path.
pub(in crate::routes) fn limited(path: &str, correlation: Uuid, error: &Error) -> Response {
    Reply::error_of(family(path), Action::UnknownRequest, correlation, error).into_response()
}

/// In which shape a path answers errors.
pub(in crate::routes) fn family(path: &str) -> Family {
    let begins = |starts: &[&str]| starts.iter().any(|start| path.starts_with(start));
    if path.ends_with("/identity/token") || path == "/oidc/token" {
        Family::Token
    } else if begins(&["/v2/resource_instances", "/v1/reclamations", "/usage/v1/"]) {
        Family::ResourceController
    } else if begins(&["/v1/", "/v2/"]) {
        Family::Management
    } else {
        Family::KeyProtect
    }
}
