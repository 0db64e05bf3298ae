//! Schemathesis against the server's own OpenAPI document: no server error, no answer that the document does not describe,
//! and nothing for callers without a token.

use std::process::Command;

use serde_json::json;

use crate::{
    beside,
    calls::{code_of, send, token},
    process::Running,
    trees,
};

/// Operations by which the caller would lose the access that all others need: they come last, alone.
const LAST: [&str; 20] = [
    "deletePolicy",
    "deletePolicyV2",
    "updatePolicy",
    "updatePolicyV2",
    "restorePolicy",
    "writeInstancePolicies",
    "deleteServiceId",
    "changeServiceId",
    "lockServiceId",
    "deleteApiKey",
    "disableApiKey",
    "lockApiKey",
    "changeApiKey",
    "changeUser",
    "removeUser",
    "changeResource",
    "lockResource",
    "deleteResource",
    "reclaimResource",
    "signOut",
];
/// Which operations, how they are called, and for how many seconds.
const RUNS: [(&str, &str, &str); 2] = [
    ("--exclude-operation-id", "coverage,fuzzing,stateful", "90"),
    ("--include-operation-id", "coverage,fuzzing", "30"),
];
const KEY: &str = "application/vnd.ibm.kms.key+json";

#[test]
fn the_server_does_what_its_document_says_and_nothing_else() {
    let data = tempfile::tempdir().expect("a directory");
    // How often somebody may ask is told by tests of their own.
    let server = Running::start_with_flags(data.path(), &["--rate-limit-address=0", "--rate-limit-sign-in=0"]);
    let token = token(&server, server.said("api_key"));
    for alias in ["steady", "changing", "doomed"] {
        make_key(&server, &token, alias);
    }
    let session = session(&server);
    for (which, phases, seconds) in RUNS {
        let operations = LAST.iter().flat_map(|operation| [which, operation]);
        let output = Command::new(trees().join("python-schemathesis/bin/python"))
            .args(["-m", "schemathesis.cli", "--config-file"])
            .arg(beside("schemathesis/schemathesis.toml"))
            .args(["run", &format!("{}/openapi.json", server.said("url")), "--phases", phases, "--max-time", seconds])
            .args(operations)
            .current_dir(data.path())
            .env("ENVELOCK_TOKEN", &token)
            .env("ENVELOCK_SESSION", &session)
            .env("ENVELOCK_INSTANCE", server.said("instance"))
            .env("ENVELOCK_ACCOUNT", server.said("account"))
            .output()
            .expect("it runs");
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{out}\n{err}");
    }
    let (status, logs) = server.stop();
    assert!(status.success(), "stopped with {status}");
    assert!(!logs.contains("\"status\":500"), "{logs}");
}

/// A root key by the alias that the configuration knows it by.
fn make_key(server: &Running, token: &str, alias: &str) {
    let key = json!({"type": KEY, "name": alias, "extractable": false, "aliases": [alias]});
    let body = json!({"metadata": {"collectionType": KEY, "collectionTotal": 1}, "resources": [key]});
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("bluemix-instance", server.said("instance"))];
    let (status, _, answer) = send(server, "POST", "/api/v2/keys", &headers, &body.to_string());
    assert_eq!(status, 201, "{answer}");
}

/// The cookie of a console session.
fn session(server: &Running) -> String {
    let body = json!({"code": code_of(server.said("sign_in_url"))}).to_string();
    let (status, head, _) = send(server, "POST", "/console/session", &[], &body);
    assert_eq!(status, 200, "{head}");
    let cookie = head.lines().find_map(|line| line.strip_prefix("set-cookie: envelock_session_"));
    cookie.and_then(|cookie| cookie.split([';', '=']).nth(1)).expect("a cookie").to_owned()
}
