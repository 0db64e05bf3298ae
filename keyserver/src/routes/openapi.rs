//! `/openapi.json`: the description of this API, from inside the binary.
//!
//! *Invariant:* one file per area of the API, joined here; nothing is described twice.

use std::sync::LazyLock;

use axum::{Json, extract::State, response::IntoResponse};
use serde_json::{Map, Value, json};

use crate::{
    routes::reply::{Family, limited::family},
    state::App,
};

/// The frame of the document, then its areas.
const PARTS: [&str; 16] = [
    include_str!("../../openapi/document.json"),
    include_str!("../../openapi/tokens.json"),
    include_str!("../../openapi/keys.json"),
    include_str!("../../openapi/actions.json"),
    include_str!("../../openapi/aliases.json"),
    include_str!("../../openapi/key-policies.json"),
    include_str!("../../openapi/instance-policies.json"),
    include_str!("../../openapi/import.json"),
    include_str!("../../openapi/registrations.json"),
    include_str!("../../openapi/rings.json"),
    include_str!("../../openapi/identities.json"),
    include_str!("../../openapi/access-policies.json"),
    include_str!("../../openapi/service-instances.json"),
    include_str!("../../openapi/objects.json"),
    include_str!("../../openapi/console.json"),
    include_str!("../../openapi/audit.json"),
];

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let mut document = Value::Object(Map::new());
    for part in PARTS {
        join(&mut document, serde_json::from_str(part).expect("the parts are JSON, as a test shows"));
    }
    document["info"]["version"] = env!("CARGO_PKG_VERSION").into();
    limit(&mut document);
    document
});

/// The document; anybody may read it.
pub(super) async fn document(State(app): State<App>) -> impl IntoResponse {
    let mut document = DOCUMENT.clone();
    document["components"]["securitySchemes"]["session"]["name"] = app.session_cookie.as_str().into();
    Json(document)
}

/// Every operation can be refused because there were too many, in the shape of its path's errors; but not what balancers ask.
fn limit(document: &mut Value) {
    let seconds = json!({"description": "Seconds after which it is worth trying again.", "schema": {"type": "integer", "minimum": 1}});
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    for (path, operations) in paths.filter(|(path, _)| !["/health", "/ready"].contains(&path.as_str())) {
        let schema = match family(path) {
            Family::KeyProtect => "KeyProtectError",
            Family::Token => "TokenError",
            Family::ResourceController => "ResourceError",
            Family::Management => "IamError",
        };
        let refused = json!({
            "description": "Too many requests: RATE_LIMIT_ERR, or IMPORT_TOKEN_BUSY_ERR where key pairs are made.",
            "headers": {"Retry-After": seconds},
            "content": {"application/json": {"schema": {"$ref": format!("#/components/schemas/{schema}")}}},
        });
        for (_, operation) in operations.as_object_mut().into_iter().flatten() {
            operation["responses"]["429"] = refused.clone();
        }
    }
}

/// Objects grow into each other; what two parts both say may only be an object.
fn join(whole: &mut Value, part: Value) {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            for (name, value) in part {
                join(whole.entry(name).or_insert(Value::Null), value);
            }
        }
        (whole, part) => {
            assert!(whole.is_null(), "described twice: {part}");
            *whole = part;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::DOCUMENT;

    #[test]
    fn the_parts_make_one_document() {
        assert_eq!(DOCUMENT["openapi"], "3.1.0");
        assert_eq!(DOCUMENT["info"]["version"], env!("CARGO_PKG_VERSION"));
        assert!(DOCUMENT["paths"].as_object().is_some_and(|paths| paths.len() > 15));
    }
}
