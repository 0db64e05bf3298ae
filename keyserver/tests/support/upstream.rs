//! An upstream key service that answers what it is told to, and how a gateway is pointed at one.

use std::{
    collections::VecDeque,
    os::unix::fs::PermissionsExt,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use envelock_keyserver::server::{Custody, CustodyChoice, GatewaySetting};
use futures_util::stream;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};

/// A service on a free loopback port; gone when dropped.
pub(crate) struct Listening {
    pub(crate) url: String,
    task: JoinHandle<()>,
}

impl Listening {
    pub(crate) async fn start(router: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("serves") });
        Self { url, task }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The file with the API key of a gateway; gone when dropped.
pub(crate) struct ApiKeyFile(TempDir);

impl ApiKeyFile {
    pub(crate) fn new(api_key: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("api-key");
        std::fs::write(&file, format!("{api_key}\n")).expect("written");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("its own");
        Self(directory)
    }

    /// Custody at an upstream that also gives the tokens.
    pub(crate) fn custody(&self, url: &str, instance: &str) -> Custody {
        let gateway = GatewaySetting {
            url: url.to_owned(),
            instance: instance.to_owned(),
            api_key_file: self.0.path().join("api-key"),
            iam_url: url.to_owned(),
        };
        Custody { new_root_keys: CustodyChoice::Gateway, gateway: Some(gateway), ..Custody::default() }
    }
}

/// Answers a script, step by step, and remembers what does not follow it.
#[derive(Clone, Default)]
pub(crate) struct Script(Arc<Mutex<Remaining>>);

#[derive(Default)]
struct Remaining {
    steps: VecDeque<Value>,
    name: Value,
    plaintext: Value,
    wrong: Vec<String>,
}

impl Script {
    pub(crate) fn router(&self) -> Router {
        Router::new().fallback(answer).with_state(self.clone())
    }

    /// What comes next.
    pub(crate) fn goes_on(&self, steps: &Value) {
        self.0.lock().expect("whole").steps.extend(steps.as_array().expect("steps").iter().cloned());
    }

    /// All steps were made, and no others.
    #[track_caller]
    pub(crate) fn is_over(&self, id: &str) {
        let state = self.0.lock().expect("whole");
        assert!(state.wrong.is_empty(), "{id}: {:?}", state.wrong);
        assert!(state.steps.is_empty(), "{id}: never asked for {:?}", state.steps);
    }
}

async fn answer(State(script): State<Script>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let sent = body.collect().await.expect("a body").to_bytes();
    let ask = format!("{} {}", parts.method, parts.uri);
    let reply = script.0.lock().expect("whole").next(&ask, &parts.headers, &sent);
    match reply {
        Ok(reply) if reply == "nothing" => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            StatusCode::OK.into_response()
        }
        Ok(reply) if reply == "breaks off" => {
            let pieces = [Ok("{"), Err(std::io::Error::other("broken"))];
            Body::from_stream(stream::iter(pieces)).into_response()
        }
        Ok(reply) if reply == "two megabytes" => " ".repeat(2 << 20).into_response(),
        Ok(reply) => respond(&reply),
        Err(wrong) => {
            script.0.lock().expect("whole").wrong.push(wrong);
            // Nothing that would be asked for again.
            StatusCode::IM_A_TEAPOT.into_response()
        }
    }
}

fn respond(reply: &Value) -> Response {
    let status = reply["status"].as_u64().and_then(|status| u16::try_from(status).ok());
    let mut response = Response::new(match &reply["body"] {
        Value::Null => Body::empty(),
        Value::String(text) => Body::from(text.clone()),
        body => Body::from(body.to_string()),
    });
    *response.status_mut() = status.and_then(|status| StatusCode::from_u16(status).ok()).expect("a status");
    for (name, value) in reply["headers"].as_object().into_iter().flatten() {
        let name = axum::http::HeaderName::try_from(name).expect("a name");
        response.headers_mut().insert(name, value.as_str().expect("text").parse().expect("a value"));
    }
    response
}

impl Remaining {
    fn next(&mut self, ask: &str, headers: &HeaderMap, sent: &[u8]) -> Result<Value, String> {
        let step = self.steps.pop_front().ok_or_else(|| format!("{ask} after the end"))?;
        if step["ask"] != ask {
            return Err(format!("{ask} instead of {}", step["ask"]));
        }
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if let Some(token) = step["bearer"].as_str()
            && header("authorization") != format!("Bearer {token}")
        {
            return Err(format!("{ask} without the token {token}"));
        }
        if !ask.contains("/identity/")
            && (header("bluemix-instance") != INSTANCE || header("correlation-id").len() != 36)
        {
            return Err(format!("{ask} without instance or correlation id"));
        }
        let body: Value = serde_json::from_slice(sent).unwrap_or_else(|_| json!(String::from_utf8_lossy(sent)));
        if !holds(&body, &step["sends"]) {
            return Err(format!("{ask} without {} in {body}", step["sends"]));
        }
        for (kept, now) in [(&mut self.name, &body["resources"][0]["name"]), (&mut self.plaintext, &body["plaintext"])]
        {
            if now.is_string() {
                *kept = now.clone();
            }
        }
        let mut reply = step["reply"].clone();
        self.fill_in(&mut reply);
        Ok(reply)
    }

    fn fill_in(&self, value: &mut Value) {
        match value {
            Value::String(text) if text == "$name" => *value = self.name.clone(),
            Value::String(text) if text == "$plaintext" => *value = self.plaintext.clone(),
            Value::Array(items) => items.iter_mut().for_each(|item| self.fill_in(item)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.fill_in(field)),
            _ => (),
        }
    }
}

/// The instance that scripts are about.
pub(crate) const INSTANCE: &str = "9f3f9c1a-6a0e-4d7e-8d3e-1f2b3c4d5e6f";

/// Whether everything that is expected is there.
fn holds(all: &Value, part: &Value) -> bool {
    match (all, part) {
        (_, Value::Null) => true,
        (Value::Object(all), Value::Object(part)) => {
            part.iter().all(|(name, part)| all.get(name).is_some_and(|all| holds(all, part)))
        }
        (Value::Array(all), Value::Array(part)) => {
            all.len() == part.len() && all.iter().zip(part).all(|(all, part)| holds(all, part))
        }
        (all, part) => all == part,
    }
}
