//! Which client called which operation: read from the server's own log and audit trail, joined by the id of the request.
//!
//! Each story leaves its part in a file; `cargo xtask test` holds all of them against the table in `docs/conformance.md`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use serde_json::Value;

/// How clients call themselves, and their names in the table. The older SDKs leave that to their HTTP libraries.
const CLIENTS: [(&str, &str); 8] = [
    ("keyprotect-nodejs-sdk/", "Node ibm-key-protect"),
    ("axios/", "Node ibm-key-protect"),
    ("platform-services-node-sdk/", "Node platform-services"),
    ("ibm-node-sdk-core/", "Node platform-services"),
    ("platform-services-python-sdk/", "Python platform-services"),
    ("ibm-python-sdk-core/", "Python platform-services"),
    ("ibm-python-sdk-core-", "Python keyprotect 3"),
    ("python-requests/", "Python keyprotect 2"),
];

/// Writes what was called in a story: one line per operation and client.
pub(crate) fn note(story: &str, logs: &str, events: &[Value], document: &Value) {
    let agents: BTreeMap<_, _> = events
        .iter()
        .filter_map(|event| Some((event["correlationId"].as_str()?, event["initiator"]["host"]["agent"].as_str()?)))
        .collect();
    let mut called = BTreeSet::new();
    for request in logs.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        let Some(agent) = request["correlation"].as_str().and_then(|id| agents.get(id)) else { continue };
        let client = CLIENTS.iter().find(|(prefix, _)| agent.starts_with(prefix));
        let (_, client) = client.unwrap_or_else(|| panic!("who is {agent}?"));
        let (method, path) = (request["method"].as_str().expect("a method"), request["path"].as_str().expect("a path"));
        let operation = operation(document, method, path);
        called
            .insert(format!("{}\t{client}\n", operation.unwrap_or_else(|| panic!("{method} {path} is not described"))));
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("matrix");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join(format!("{story}.tsv")), called.into_iter().collect::<String>()).expect("written");
}

/// `METHOD /path/{id}` as the document has it; a path without parameters goes before one with them.
fn operation(document: &Value, method: &str, path: &str) -> Option<String> {
    let parts: Vec<_> = path.trim_end_matches('/').split('/').collect();
    let fits = |template: &str| {
        let template: Vec<_> = template.split('/').collect();
        template.len() == parts.len()
            && template.iter().zip(&parts).all(|(one, other)| one.starts_with('{') || one == other)
    };
    let paths = document["paths"].as_object()?.iter();
    let described = paths.filter(|(_, methods)| methods.get(method.to_lowercase()).is_some());
    let template = described.map(|(template, _)| template).filter(|template| fits(template));
    template.min_by_key(|template| template.matches('{').count()).map(|template| format!("{method} {template}"))
}
