//! `/openapi.json` against the route table: what is served is described, and what is described is served.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use serde_json::Value;

use crate::support::Api;

const ROUTES: &str = include_str!("../../src/routes/mod.rs");
const METHODS: [&str; 6] = ["get", "head", "post", "put", "patch", "delete"];

/// An operation as `METHOD /path/{}`: what a parameter is called is each side's own business, and a path with `/` behind it,
/// which some clients use, is the same.
type Operations = BTreeSet<String>;

#[tokio::test]
async fn every_route_is_described_and_every_description_is_served() {
    let document = served().await;
    let (routes, described) = (route_table(ROUTES), described(&document));
    let undescribed: Vec<_> = routes.difference(&described).collect();
    let unserved: Vec<_> = described.difference(&routes).collect();
    assert!(undescribed.is_empty(), "served, but not in openapi/: {undescribed:#?}");
    assert!(unserved.is_empty(), "in openapi/, but not in the route table: {unserved:#?}");
}

#[tokio::test]
async fn operations_have_names_of_their_own_and_tags_that_are_explained() {
    let document = served().await;
    let tags: BTreeSet<_> = array(&document["tags"]).iter().map(|tag| text(&tag["name"])).collect();
    let mut names = BTreeSet::new();
    for operation in operations(&document).map(|(_, _, operation)| operation) {
        let name = text(&operation["operationId"]);
        assert!(names.insert(name), "{name} twice");
        assert!(array(&operation["tags"]).iter().all(|tag| tags.contains(text(tag))), "tags of {name}");
    }
}

#[tokio::test]
async fn every_reference_leads_somewhere() {
    fn check(document: &Value, value: &Value) {
        match value {
            Value::Object(fields) => {
                if let Some(Value::String(reference)) = fields.get("$ref") {
                    let pointer = reference.strip_prefix('#').expect("within the document");
                    assert!(document.pointer(pointer).is_some(), "{reference}");
                }
                fields.values().for_each(|value| check(document, value));
            }
            Value::Array(items) => items.iter().for_each(|value| check(document, value)),
            _ => (),
        }
    }
    let document = served().await;
    check(&document, &document);
}

async fn served() -> Value {
    let answer = Api::new().await.get("/openapi.json").without("authorization").send().await;
    answer.is(StatusCode::OK).json.clone()
}

fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().expect("methods").iter();
        methods.map(move |(method, operation)| (method.as_str(), path.as_str(), operation))
    })
}

fn described(document: &Value) -> Operations {
    operations(document).map(|(method, path, _)| operation(method, path)).collect()
}

/// Reads `.route("/path", get(…).post(…))` and `.nest("/prefix", name)`: the table has one line per endpoint.
fn route_table(source: &str) -> Operations {
    let mut found = Operations::new();
    for statement in source.split(";\n") {
        let prefix = statement
            .trim_start()
            .rsplit_once("let ")
            .and_then(|(_, rest)| rest.split_once(" = Router::new()"))
            .map_or("", |(name, _)| prefix_of(source, name));
        for route in statement.split(".route(").skip(1) {
            let (_, rest) = route.split_once('"').expect("a path");
            let (path, handlers) = rest.split_once('"').expect("a path");
            // What is there only to refuse is no endpoint.
            if handlers.trim_start().starts_with(", get(objects::unknown)") {
                continue;
            }
            for method in METHODS.iter().filter(|method| names(handlers, method)) {
                found.insert(operation(method, &format!("{prefix}{path}")));
            }
        }
    }
    found
}

fn prefix_of<'a>(source: &'a str, name: &str) -> &'a str {
    let (before, _) = source.split_once(&format!("\", {name})")).unwrap_or_else(|| panic!("{name} is nested nowhere"));
    before.rsplit_once('"').expect("a prefix").1
}

fn names(handlers: &str, method: &str) -> bool {
    let call = format!("{method}(");
    handlers
        .match_indices(&call)
        .any(|(at, _)| !handlers[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_'))
}

fn operation(method: &str, path: &str) -> String {
    let path: Vec<_> =
        path.trim_end_matches('/').split('/').map(|part| if part.starts_with('{') { "{}" } else { part }).collect();
    format!("{} {}", method.to_uppercase(), path.join("/"))
}

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

fn array(value: &Value) -> &[Value] {
    value.as_array().expect("an array")
}
