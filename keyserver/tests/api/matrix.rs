//! Every role × every action × where the role is held: the expectation is written down here from IBM's published table, not
//! taken from the server's own.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    support::{Answer, Api, KEY_PURGE, MANAGER, READER, READER_PLUS, WRITER, envelope},
    support_iam::{ADMINISTRATOR, VIEWER},
};

const OPERATOR: &str = "crn:v1:bluemix:public:iam::::role:Operator";
const EDITOR: &str = "crn:v1:bluemix:public:iam::::role:Editor";
const KMIP: &str = "crn:v1:bluemix:public:kms::::serviceRole:KmipAdapterManager";
const NO_KEY: &str = "00000000-0000-4000-8000-000000000000";

/// Letters of the table's last column.
const ROLES: [(char, &str); 10] = [
    ('R', READER),
    ('+', READER_PLUS),
    ('W', WRITER),
    ('M', MANAGER),
    ('P', KEY_PURGE),
    ('K', KMIP),
    ('v', VIEWER),
    ('o', OPERATOR),
    ('e', EDITOR),
    ('a', ADMINISTRATOR),
];

/// What a request is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum About {
    /// One key, `{key}` in the path; it is in the ring `blue`.
    Key,
    /// Whatever the caller reaches.
    Reached,
    /// The ring `blue`.
    Ring,
    /// The instance as a whole.
    Instance,
}
use About::{Instance, Key, Reached, Ring};

/// Method, path under `/api/v2`, body, what it is about, roles. Whoever is let in is refused for another reason or changes
/// nothing that matters, so that the requests can be repeated; being let in means any status but 401. People who may write
/// registrations are told that services do, before any key is looked at.
const TABLE: [(&str, &str, &str, About, &str); 34] = [
    ("GET", "/keys", "", Reached, "R+WMK"),
    ("HEAD", "/keys", "", Reached, "R+WMK"),
    ("GET", "/keys/{key}", "", Key, "+WM"),
    ("GET", "/keys/{key}/metadata", "", Key, "R+WM"),
    ("GET", "/keys/{key}/versions", "", Key, "R+WM"),
    ("POST", "/keys/{key}/actions/wrap", "", Key, "R+WM"),
    ("POST", "/keys/{key}/actions/unwrap", "", Key, "R+WM"),
    ("POST", "/keys/{key}/actions/rewrap", "", Key, "R+WM"),
    ("GET", "/keys/{key}/registrations", "", Key, "R+WM"),
    ("GET", "/keys/registrations", "", Reached, "R+WM"),
    ("POST", "/keys/{key}/registrations/crn%3Aof%3Anothing", "", Reached, "R+WM"),
    ("PUT", "/keys/{key}/registrations/crn%3Aof%3Anothing", "", Reached, "R+WM"),
    ("PATCH", "/keys/{key}/registrations/crn%3Aof%3Anothing", "", Reached, "R+WM"),
    ("DELETE", "/keys/{key}/registrations/crn%3Aof%3Anothing", "", Reached, "R+WM"),
    ("GET", "/key_rings", "", Instance, "R+WMK"),
    ("POST", "/keys", "a key", Ring, "WM"),
    ("POST", "/keys/{key}/actions/rotate", "", Key, "WM"),
    ("POST", "/keys/{key}/actions/setKeyForDeletion", "", Key, "WM"),
    ("POST", "/keys/{key}/actions/unsetKeyForDeletion", "", Key, "WM"),
    ("POST", "/keys/{key}/actions/sync", "", Key, "WM"),
    ("POST", "/keys/{key}/aliases/first", "", Key, "WM"),
    ("DELETE", "/keys/{key}/aliases/nobody", "", Key, "WM"),
    ("POST", "/key_rings/!", "", Instance, "WM"),
    ("POST", "/import_token", r#"{"expiration":1}"#, Instance, "WM"),
    ("GET", "/import_token", "", Instance, "WM"),
    ("POST", "/keys/{key}/actions/disable", "", Key, "M"),
    ("POST", "/keys/{key}/actions/enable", "", Key, "M"),
    ("DELETE", "/keys/{key}", "", Key, "M"),
    ("POST", "/keys/{key}/restore", "", Key, "M"),
    ("PATCH", "/keys/{key}", r#"{"keyRingID":"blue"}"#, Key, "M"),
    ("GET", "/keys/{key}/policies", "", Key, "M"),
    ("GET", "/instance/policies", "", Instance, "M"),
    ("DELETE", "/key_rings/nobody", "", Instance, "M"),
    ("DELETE", "/keys/{key}/purge", "", Key, "P"),
];

/// Where a role is held, as attributes of a policy on Key Protect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Held {
    Everywhere,
    Here,
    OtherInstance,
    ThisRing,
    OtherRing,
    ThisKey,
    OtherKey,
}

impl Held {
    const ALL: [Self; 7] = [
        Self::Everywhere,
        Self::Here,
        Self::OtherInstance,
        Self::ThisRing,
        Self::OtherRing,
        Self::ThisKey,
        Self::OtherKey,
    ];

    fn reaches(self, about: About) -> bool {
        match self {
            Self::Everywhere | Self::Here => true,
            Self::OtherInstance => false,
            Self::ThisRing => about != Instance,
            Self::ThisKey => matches!(about, Key | Reached),
            // There is something that they reach, though not this key.
            Self::OtherRing | Self::OtherKey => about == Reached,
        }
    }
}

/// An instance with a key in the ring `blue` that nobody can change by the table's requests, and another key elsewhere.
struct Story {
    api: Api,
    key: String,
    other_key: String,
    other_instance: String,
}

impl Story {
    async fn new() -> Self {
        let api = Api::new().await;
        api.post("/api/v2/key_rings/blue").send().await.is(StatusCode::CREATED);
        let create = |ring: &str| {
            let body = envelope(json!({"name": "a standard key", "extractable": true, "payload": "c2VjcmV0"}));
            api.post("/api/v2/keys").header("x-kms-key-ring", ring).json(&body).send()
        };
        let id = |answer: Answer| answer.resource()["id"].as_str().expect("an id").to_owned();
        let (key, other_key) = (id(create("blue").await), id(create("default").await));
        let policy = json!({
            "metadata": {"collectionType": "application/vnd.ibm.kms.policy+json", "collectionTotal": 1},
            "resources": [{"type": "application/vnd.ibm.kms.policy+json", "dualAuthDelete": {"enabled": true}}],
        });
        let path = format!("/api/v2/keys/{key}/policies?policy=dualAuthDelete");
        api.call(Method::PUT, &path).json(&policy).send().await.is(StatusCode::OK);
        let other_instance = another_instance(&api, &api.account);
        Self { api, key, other_key, other_instance }
    }

    fn attributes(&self, held: Held) -> Vec<(&'static str, &str)> {
        let here = ("serviceInstance", self.api.instance.as_str());
        match held {
            Held::Everywhere => vec![],
            Held::Here => vec![here],
            Held::OtherInstance => vec![("serviceInstance", &self.other_instance)],
            Held::ThisRing => vec![here, ("keyRing", "blue")],
            Held::OtherRing => vec![here, ("keyRing", "red")],
            Held::ThisKey => vec![here, ("resourceType", "key"), ("resource", &self.key)],
            Held::OtherKey => vec![here, ("resourceType", "key"), ("resource", &self.other_key)],
        }
    }

    async fn ask(&self, token: &str, row: usize, key: &str) -> Answer {
        let (method, path, body, about, _) = TABLE[row];
        let path = format!("/api/v2{}", path.replace("{key}", key));
        let call = self.api.call(Method::from_bytes(method.as_bytes()).expect("a method"), &path).token(token);
        let call = if about == Ring { call.header("x-kms-key-ring", "blue") } else { call };
        let call = match body {
            "" => call,
            "a key" => call.json(&envelope(json!({"name": "another key", "extractable": false}))),
            body => call.text(body),
        };
        call.send().await
    }
}

/// An instance of an account, as if it had been made there.
fn another_instance(api: &Api, account: &str) -> String {
    let id = uuid::Builder::from_random_bytes([account.len().to_le_bytes()[0]; 16]).into_uuid();
    let database = api.tables();
    let sql = format!(
        "INSERT INTO instances (id, name, region, account, created_at)
         VALUES ({}, 'another', 'us-south', '{account}', 0)",
        database.id(&id.to_string())
    );
    assert_eq!(database.execute(&sql), Ok(1));
    id.to_string()
}

#[tokio::test]
async fn every_role_may_do_what_it_may_do_where_it_is_held_and_nothing_else() {
    let story = Story::new().await;
    let someone = story.api.someone(&[], &[]).await;
    let mut wrong = Vec::new();
    for (letter, role) in ROLES {
        for held in Held::ALL {
            let policy = story.api.grant(&someone.iam_id, &[role], &story.attributes(held)).await;
            for (row, (method, path, _, about, roles)) in TABLE.into_iter().enumerate() {
                let answer = story.ask(&someone.token, row, &story.key).await;
                let wanted = roles.contains(letter) && held.reaches(about);
                let let_in = answer.status != StatusCode::UNAUTHORIZED;
                if let_in != wanted || answer.status.is_server_error() {
                    wrong.push(format!("{role} {held:?}: {method} {path} gave {} {}", answer.status, answer.text));
                }
            }
            story.api.remove_policy(&policy).await;
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn a_list_shows_what_is_reached_and_nothing_else() {
    let story = Story::new().await;
    let someone = story.api.someone(&[], &[]).await;
    let both = [story.key.as_str(), &story.other_key];
    for (held, shown) in [
        (Held::Here, &both[..]),
        (Held::ThisRing, &both[..1]),
        (Held::OtherRing, &both[..0]),
        (Held::ThisKey, &both[..1]),
        (Held::OtherKey, &both[1..]),
    ] {
        let policy = story.api.grant(&someone.iam_id, &[READER], &story.attributes(held)).await;
        let listed = story.api.get("/api/v2/keys").token(&someone.token).send().await;
        let mut ids: Vec<&str> = listed.is(StatusCode::OK).json["resources"]
            .as_array()
            .map(|keys| keys.iter().map(|key| key["id"].as_str().expect("an id")).collect())
            .unwrap_or_default();
        let mut shown = shown.to_vec();
        ids.sort_unstable();
        shown.sort_unstable();
        assert_eq!(ids, shown, "{held:?}");
        let total = story.api.call(Method::HEAD, "/api/v2/keys").token(&someone.token).send().await;
        assert_eq!(total.header("key-total"), shown.len().to_string(), "{held:?}");
        story.api.remove_policy(&policy).await;
    }
}

#[tokio::test]
async fn a_refusal_does_not_tell_whether_the_key_exists() {
    let story = Story::new().await;
    let someone = story.api.someone(&[], &[]).await;
    for held in [None, Some(Held::OtherInstance), Some(Held::OtherRing), Some(Held::OtherKey)] {
        let policy = match held {
            Some(held) => Some(story.api.grant(&someone.iam_id, &[MANAGER, KEY_PURGE], &story.attributes(held)).await),
            None => None,
        };
        for (row, (method, path, _, about, _)) in TABLE.into_iter().enumerate() {
            if path.contains("{key}") {
                let there = story.ask(&someone.token, row, &story.key).await;
                let absent = story.ask(&someone.token, row, NO_KEY).await;
                if about == Key {
                    assert_eq!(there.status, StatusCode::UNAUTHORIZED, "{held:?}: {method} {path}: {}", there.text);
                }
                assert_eq!((there.status, &there.text), (absent.status, &absent.text), "{held:?}: {method} {path}");
            }
        }
        if let Some(policy) = policy {
            story.api.remove_policy(&policy).await;
        }
    }
}

#[tokio::test]
async fn nobody_crosses_into_another_account() {
    let mut story = Story::new().await;
    let foreign = another_instance(&story.api, "another");
    let own = std::mem::replace(&mut story.api.instance, foreign);
    let token = story.api.token.clone();
    let name: Value = json!(own);
    for (row, (method, path, ..)) in TABLE.into_iter().enumerate() {
        let answer = story.ask(&token, row, &story.key).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path}: {}", answer.text);
        assert!(!answer.text.contains(name.as_str().expect("text")), "{method} {path}");
    }
}

/// Method, path, body, platform roles on the account that are let in.
const ACCOUNT: [(&str, &str, &str, &str); 13] = [
    ("GET", "/v1/serviceids", "", "voea"),
    ("POST", "/v1/serviceids", "{}", "a"),
    ("PUT", "/v1/serviceids/nobody", "{}", "a"),
    ("DELETE", "/v1/serviceids/nobody", "", "a"),
    ("GET", "/v1/apikeys?scope=account", "", "voea"),
    ("POST", "/v1/apikeys", "{}", "a"),
    ("DELETE", "/v1/apikeys/nobody", "", "a"),
    ("GET", "/v2/accounts/{account}/users", "", "voea"),
    ("POST", "/v2/accounts/{account}/users", "{}", "a"),
    ("GET", "/v1/policies?account_id={account}", "", "voea"),
    ("GET", "/audit/v1/events", "", "a"),
    ("GET", "/audit/v1/export", "", "a"),
    ("GET", "/audit/v1/checkpoints", "", "a"),
];

#[tokio::test]
async fn the_account_itself_is_for_platform_roles_on_the_account() {
    let api = Api::new().await;
    let someone = api.someone(&[], &[]).await;
    let mut on_account = api.policy(&someone.iam_id, &[READER], &[]);
    on_account["resources"][0]["attributes"].as_array_mut().expect("a list").truncate(1);
    for (letter, role) in ROLES {
        on_account["roles"][0]["role_id"] = json!(role);
        let on_keys = api.policy(&someone.iam_id, &[role], &[]);
        for (policy, reaches) in [(&on_account, true), (&on_keys, false)] {
            let policy = api.make_policy(policy).await;
            for (method, path, body, roles) in ACCOUNT {
                let path = path.replace("{account}", &api.account);
                let call = api.call(Method::from_bytes(method.as_bytes()).expect("a method"), &path);
                let answer = call.token(&someone.token).text(body).send().await;
                // Whoever may see policies of a service may ask for a list, which then shows no others.
                let wanted = roles.contains(letter) && (reaches || path.contains("policies"));
                let let_in = answer.status != StatusCode::UNAUTHORIZED;
                assert_eq!(let_in, wanted, "{role} {reaches}: {method} {path}: {} {}", answer.status, answer.text);
            }
            api.remove_policy(&policy).await;
        }
    }
}
