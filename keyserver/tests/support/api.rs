//! A server in a directory of its own, without a socket, and requests to it.

#[path = "import.rs"]
pub(crate) mod import;
#[path = "service.rs"]
pub(crate) mod service;

#[path = "database.rs"]
pub(crate) mod database;
#[path = "objects.rs"]
pub(crate) mod objects;

use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{HeaderMap, Method, Request, StatusCode},
};
use envelock_keyserver::server::{self, Clock, Custody, Network, Options, Place, Rates, Services, SystemEntropy};
use http_body_util::BodyExt;
use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use self::database::Database;

pub(crate) const KEY_TYPE: &str = "application/vnd.ibm.kms.key+json";
/// 2026-01-10T09:00:00Z
const START: i64 = 1_768_035_600_000;

/// A clock that stands still until it is moved.
pub(crate) struct FixedClock(AtomicI64);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::SeqCst)).expect("in range")
    }
}

impl FixedClock {
    pub(crate) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

/// A server and its administrator.
pub(crate) struct Api {
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) router: Router,
    pub(crate) account: String,
    pub(crate) instance: String,
    pub(crate) api_key: String,
    pub(crate) sign_in_code: String,
    pub(crate) token: String,
    home: Home,
    server: server::Server,
}

/// Where a test's server keeps what.
struct Home {
    directory: TempDir,
    database: Option<String>,
}

impl Home {
    fn options(&self) -> Options {
        let mut options = options(self.directory.path());
        options.place.database = self.database.as_ref().map(|url| url.parse().expect("an address"));
        options
    }
}

impl Api {
    /// A first start.
    pub(crate) async fn new() -> Self {
        Self::new_with(|_| ()).await
    }

    /// A first start with other options.
    pub(crate) async fn new_with(change: impl FnOnce(&mut Options)) -> Self {
        // What the first start makes is older than everything else, so that it comes first in lists.
        let clock = Arc::new(FixedClock(AtomicI64::new(START - 1000)));
        let home = Home { directory: tempfile::tempdir().expect("a directory"), database: database::fresh() };
        let mut options = home.options();
        change(&mut options);
        let server = open_with(&options, &clock).await;
        clock.advance(1);
        let api_key = server.api_key.as_ref().expect("a first start").to_string();
        Self::around(home, clock, server, api_key).await
    }

    /// The same directory in a new server, as after a restart.
    pub(crate) async fn restart(self) -> Self {
        self.restart_with(|_| ()).await
    }

    /// As [`Api::restart`], with other options.
    pub(crate) async fn restart_with(self, change: impl FnOnce(&mut Options)) -> Self {
        let Self { clock, home, api_key, router, server, .. } = self;
        drop((router, server));
        let mut options = home.options();
        change(&mut options);
        let server = open_with(&options, &clock).await;
        assert!(server.api_key.is_none(), "an API key is made on the first start only");
        Self::around(home, clock, server, api_key).await
    }

    /// The same administrator at a server over another directory.
    pub(crate) async fn moved_to(self, directory: TempDir) -> Self {
        let Self { clock, api_key, router, server, .. } = self;
        drop((router, server));
        let home = Home { directory, database: None };
        let server = open_with(&home.options(), &clock).await;
        Self::around(home, clock, server, api_key).await
    }

    async fn around(home: Home, clock: Arc<FixedClock>, server: server::Server, api_key: String) -> Self {
        let mut api = Self {
            clock,
            router: server.router.clone(),
            account: server.account.clone(),
            instance: server.instance.clone(),
            sign_in_code: server.sign_in_code.to_string(),
            api_key,
            token: String::new(),
            home,
            server,
        };
        api.token = api.token_for(&api.api_key).await;
        api
    }

    /// The server's directory.
    pub(crate) fn directory(&self) -> &Path {
        self.home.directory.path()
    }

    /// The server's directory and database, as a command beside it finds them.
    pub(crate) fn place(&self) -> Place {
        self.home.options().place
    }

    /// Does the chores that are due by the clock.
    pub(crate) async fn run_due(&self) {
        self.server.run_due().await;
    }

    /// Another server over the same database, as a replica on another machine would be.
    pub(crate) async fn replica(&self) -> (server::Server, TempDir) {
        self.replica_with(|_| ()).await
    }

    /// As [`Api::replica`], with other options.
    pub(crate) async fn replica_with(&self, change: impl FnOnce(&mut Options)) -> (server::Server, TempDir) {
        let directory = tempfile::tempdir().expect("a directory");
        let (own, other) = (|name: &str| self.directory().join(name), |name: &str| directory.path().join(name));
        if self.home.database.is_none() {
            std::os::unix::fs::symlink(own("keyserver.db"), other("keyserver.db")).expect("a link");
        }
        std::fs::copy(own("master.key"), other("master.key")).expect("copied");
        let home = Home { directory, database: self.home.database.clone() };
        let mut options = home.options();
        change(&mut options);
        (open_with(&options, &self.clock).await, home.directory)
    }

    /// Every audit event so far, oldest first.
    pub(crate) fn events(&self) -> Vec<Value> {
        let database = self.tables();
        let rows = database.rows(&format!("SELECT event FROM events ORDER BY {}", database.arrival()));
        rows.iter().map(|row| serde_json::from_str(&row[0]).expect("JSON")).collect()
    }

    /// Audit events of one action.
    pub(crate) fn events_of(&self, action: &str) -> Vec<Value> {
        self.events().into_iter().filter(|event| event["action"] == action).collect()
    }

    /// The SQLite file.
    pub(crate) fn database(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.directory().join("keyserver.db")).expect("the database")
    }

    /// The database, past the server, whichever it is.
    pub(crate) fn tables(&self) -> Database {
        Database::open(self.directory(), self.home.database.as_deref())
    }

    /// A request with everything that the Key Protect API asks for.
    pub(crate) fn call(&self, method: Method, path: &str) -> Call<'_> {
        let bare = Call {
            api: self,
            method,
            path: path.to_owned(),
            headers: Vec::new(),
            body: Body::empty(),
            network: Network::Public,
            peer: None,
        };
        bare.header("bluemix-instance", &self.instance).token(&self.token)
    }

    pub(crate) fn get(&self, path: &str) -> Call<'_> {
        self.call(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str) -> Call<'_> {
        self.call(Method::POST, path)
    }

    pub(crate) fn delete(&self, path: &str) -> Call<'_> {
        self.call(Method::DELETE, path)
    }

    /// API key → access token.
    pub(crate) async fn token_for(&self, api_key: &str) -> String {
        let form = format!("grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey&apikey={api_key}");
        let answer = self.post("/identity/token").text(&form).send().await;
        answer.is(StatusCode::OK);
        answer.json["access_token"].as_str().expect("a token").to_owned()
    }

    /// Tokens last an hour; this is for stories that take longer.
    pub(crate) async fn advance(&mut self, seconds: i64) {
        self.clock.advance(seconds);
        self.token = self.token_for(&self.api_key).await;
    }

    /// Makes a key from the fields given, and returns it.
    pub(crate) async fn create(&self, fields: Value) -> Value {
        let answer = self.post("/api/v2/keys").json(&envelope(fields)).send().await;
        answer.is(StatusCode::CREATED);
        answer.json["resources"][0].clone()
    }

    /// Makes a root key and returns its id.
    pub(crate) async fn root_key(&self) -> String {
        let key = self.create(json!({"name": "a root key", "extractable": false})).await;
        key["id"].as_str().expect("an id").to_owned()
    }

    /// `POST /keys/{id}/actions/{action}`.
    pub(crate) async fn act(&self, key: &str, action: &str, body: Value) -> Answer {
        self.post(&format!("/api/v2/keys/{key}/actions/{action}")).json(&body).send().await
    }

    /// Wraps a data key and returns the whole answer.
    pub(crate) async fn wrap(&self, key: &str, body: Value) -> Value {
        self.act(key, "wrap", body).await.is(StatusCode::OK).json.clone()
    }

    /// A service ID with these roles on what the attributes say, and a token of it.
    pub(crate) async fn someone(&self, roles: &[&str], attributes: &[(&str, &str)]) -> Someone {
        let body = json!({"account_id": self.account, "name": "someone"});
        let identity = self.post("/v1/serviceids").json(&body).send().await;
        let iam_id = identity.is(StatusCode::CREATED).json["iam_id"].as_str().expect("an id").to_owned();
        let body = json!({"name": "key", "iam_id": iam_id, "account_id": self.account, "store_value": false});
        let made = self.post("/v1/apikeys").json(&body).send().await;
        let api_key = made.is(StatusCode::CREATED).json["apikey"].as_str().expect("a key").to_owned();
        let policy = if roles.is_empty() { String::new() } else { self.grant(&iam_id, roles, attributes).await };
        Someone { token: self.token_for(&api_key).await, policy, iam_id, api_key }
    }

    /// An access policy; returns its id.
    pub(crate) async fn grant(&self, iam_id: &str, roles: &[&str], attributes: &[(&str, &str)]) -> String {
        let answer = self.post("/v1/policies").json(&self.policy(iam_id, roles, attributes)).send().await;
        answer.is(StatusCode::CREATED).json["id"].as_str().expect("an id").to_owned()
    }

    /// An access policy on instances of another service.
    pub(crate) async fn grant_on(&self, service: &str, iam_id: &str, roles: &[&str], attributes: &[(&str, &str)]) {
        let mut policy = self.policy(iam_id, roles, attributes);
        policy["resources"][0]["attributes"][1]["value"] = json!(service);
        self.post("/v1/policies").json(&policy).send().await.is(StatusCode::CREATED);
    }

    /// How much of an answer arrives before it breaks off.
    pub(crate) async fn cut_off(&self, path: &str) -> usize {
        let mut body = self.open(path).await;
        let mut length = 0;
        while let Some(piece) = body.next().await {
            length += piece;
        }
        assert!(body.broken, "it came to its end");
        length
    }

    /// An answer that is read piece by piece.
    pub(crate) async fn open(&self, path: &str) -> Pieces {
        let request = Request::get(path).header("authorization", format!("Bearer {}", self.token));
        let request = request.body(Body::empty()).expect("a legal request");
        let response = self.router.clone().oneshot(request).await.expect("infallible");
        assert_eq!(response.status(), StatusCode::OK);
        Pieces { body: response.into_body(), broken: false }
    }

    /// Body of a policy on Key Protect.
    pub(crate) fn policy(&self, iam_id: &str, roles: &[&str], attributes: &[(&str, &str)]) -> Value {
        let attribute =
            |(name, value): &(&str, &str)| json!({"name": name, "value": value, "operator": "stringEquals"});
        let own = [("accountId", self.account.as_str()), ("serviceName", "kms")];
        json!({
            "type": "access",
            "subjects": [{"attributes": [{"name": "iam_id", "value": iam_id}]}],
            "roles": roles.iter().map(|role| json!({"role_id": role})).collect::<Vec<_>>(),
            "resources": [{"attributes": own.iter().chain(attributes).map(attribute).collect::<Vec<_>>()}],
        })
    }
}

/// A service ID made by a test.
pub(crate) struct Someone {
    pub(crate) token: String,
    pub(crate) iam_id: String,
    pub(crate) api_key: String,
    pub(crate) policy: String,
}

pub(crate) const READER: &str = "crn:v1:bluemix:public:iam::::serviceRole:Reader";
pub(crate) const READER_PLUS: &str = "crn:v1:bluemix:public:kms::::serviceRole:ReaderPlus";
pub(crate) const WRITER: &str = "crn:v1:bluemix:public:iam::::serviceRole:Writer";
pub(crate) const KEY_PURGE: &str = "crn:v1:bluemix:public:kms::::serviceRole:KeyPurge";
pub(crate) const MANAGER: &str = "crn:v1:bluemix:public:iam::::serviceRole:Manager";

/// Largest object of a test's server.
pub(crate) const MAX_OBJECT_BYTES: u64 = 4_000_000;

/// A server that keeps everything in one directory, also when other tests run on PostgreSQL.
pub(crate) fn options(directory: &Path) -> Options {
    Options {
        place: Place { directory: directory.to_owned(), database: None },
        master_key: None,
        region: "us-south".to_owned(),
        secure_cookies: false,
        trusted_proxies: vec!["10.0.0.0/8".parse().expect("a network")],
        private_port: Some(4443),
        custody: Custody::default(),
        services: Services { max_object_bytes: MAX_OBJECT_BYTES, ..Services::default() },
        rates: Rates::default(),
    }
}

async fn open_with(options: &Options, clock: &Arc<FixedClock>) -> server::Server {
    let clock: Arc<dyn Clock> = Arc::clone(clock) as _;
    server::open(options, clock, Arc::new(SystemEntropy)).await.expect("starts")
}

/// A create body around one key.
pub(crate) fn envelope(mut fields: Value) -> Value {
    fields["type"] = json!(KEY_TYPE);
    json!({"metadata": {"collectionType": KEY_TYPE, "collectionTotal": 1}, "resources": [fields]})
}

/// A request being put together.
pub(crate) struct Call<'a> {
    api: &'a Api,
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Body,
    network: Network,
    peer: Option<SocketAddr>,
}

impl Call<'_> {
    /// As over a connection from this address.
    pub(crate) fn over(mut self, network: Network, address: &str) -> Self {
        self.network = network;
        self.peer = Some(SocketAddr::new(address.parse().expect("an address"), 50_000));
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self = self.without(name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(present, _)| present != name);
        self
    }

    pub(crate) fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.text(&body.to_string())
    }

    pub(crate) fn text(mut self, body: &str) -> Self {
        self.body = Body::from(body.to_owned());
        self
    }

    /// A body of any kind, also one that arrives in pieces.
    pub(crate) fn body(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) async fn send(self) -> Answer {
        let mut request = Request::builder().method(self.method).uri(&self.path);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let mut request = request.body(self.body).expect("a legal request");
        request.extensions_mut().insert(self.network);
        if let Some(peer) = self.peer {
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        let response = self.api.router.clone().oneshot(request).await.expect("infallible");
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Answer { status: parts.status, headers: parts.headers, bytes: bytes.to_vec(), text, json }
    }
}

/// What is coming back.
pub(crate) struct Pieces {
    body: Body,
    broken: bool,
}

impl Pieces {
    /// Length of the next piece; `None` at the end, or where it breaks off.
    pub(crate) async fn next(&mut self) -> Option<usize> {
        match self.body.frame().await? {
            Ok(frame) => Some(frame.data_ref().map_or(0, |data| data.len())),
            Err(_) => {
                self.broken = true;
                None
            }
        }
    }
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
    pub(crate) text: String,
    pub(crate) json: Value,
}

impl Answer {
    #[track_caller]
    pub(crate) fn is(&self, status: StatusCode) -> &Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// A Key Protect error, in the whole shape that clients look into.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) -> &Self {
        assert_eq!((self.status.as_u16(), self.reason()["code"].as_str()), (status, Some(code)), "{}", self.text);
        assert_eq!(self.json["metadata"]["collectionType"], "application/vnd.ibm.kms.error+json");
        assert_eq!(self.json["metadata"]["collectionTotal"], 1);
        assert_eq!(self.reason()["status"], status);
        let message = self.json["resources"][0]["errorMsg"].as_str().expect("a message");
        let phrase = self.status.canonical_reason().expect("a phrase");
        assert!(message.starts_with(&format!("{phrase}: ")), "{message}");
        assert!(message.ends_with(&format!("({code})")), "{message}");
        self
    }

    /// An error of the resource controller.
    #[track_caller]
    pub(crate) fn rejected(&self, status: u16, code: &str) -> &Self {
        assert_eq!((self.status.as_u16(), self.json["error_code"].as_str()), (status, Some(code)), "{}", self.text);
        assert_eq!(self.json["status_code"], status);
        assert!(self.json["message"].as_str().is_some_and(|message| !message.is_empty()));
        assert!(self.json["transaction_id"].is_string());
        self
    }

    /// As [`Answer::refused`], naming what was wrong.
    #[track_caller]
    pub(crate) fn refused_for(&self, status: u16, code: &str, kind: &str, name: &str) -> &Self {
        self.refused(status, code);
        assert_eq!(self.reason()["target"], json!({"type": kind, "name": name}), "{}", self.text);
        self
    }

    fn reason(&self) -> &Value {
        &self.json["resources"][0]["reasons"][0]
    }

    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}")).to_str().expect("text")
    }

    /// The only resource.
    #[track_caller]
    pub(crate) fn resource(&self) -> &Value {
        assert_eq!(self.json["metadata"]["collectionTotal"], 1, "{}", self.text);
        &self.json["resources"][0]
    }
}
