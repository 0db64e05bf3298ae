//! Encrypted service instances and messages that could be in them.

#[path = "message.rs"]
mod message;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Answer, Api, Call, READER};
use crate::support_iam::DELEGATOR;

pub(crate) use self::message::sealed;

pub(crate) const LITE: &str = "2b1f4f0e-7f0b-4f43-9c39-61f2a9b7c801";
pub(crate) const PREMIUM: &str = "d0e36c1a-94b7-4f6d-b2c8-58a1f7e24d03";
pub(crate) const OBJECTS: &str = "envelock-objects";

/// An instance of the object store that a root key encrypts.
pub(crate) struct Store {
    pub(crate) guid: String,
    pub(crate) crn: String,
    /// The Key Protect instance and the key, as wrapped keys name them.
    pub(crate) root: String,
    /// The authorization that lets it use the key.
    pub(crate) authorization: String,
}

impl Store {
    pub(crate) fn path(&self, name: &str) -> String {
        format!("/services/v1/{}/objects/{name}", self.guid)
    }
}

impl Api {
    /// Lets instances of the object store use the keys of the first Key Protect instance; answers the policy's id.
    pub(crate) async fn authorize(&self, more: &[(&str, &str)]) -> String {
        let roles = [READER, DELEGATOR];
        self.make_policy(&self.authorization(&[("serviceName", OBJECTS)], &roles, more)).await
    }

    pub(crate) fn order(&self, name: &str, parameters: Value) -> Value {
        json!({
            "name": name, "target": "us-south", "resource_group": "default", "resource_plan_id": PREMIUM,
            "parameters": parameters,
        })
    }

    pub(crate) fn key_crn(&self, key: &str) -> String {
        format!("crn:v1:bluemix:public:kms:us-south:a/{}:{}:key:{key}", self.account, self.instance)
    }

    /// An authorization and an instance that this key encrypts.
    pub(crate) async fn encrypted_by(&self, key: &str) -> Store {
        let authorization = self.authorize(&[]).await;
        let order = self.order("encrypted", json!({"kms_key_crn": self.key_crn(key)}));
        let made = self.post("/v2/resource_instances").json(&order).send().await;
        let made = &made.is(StatusCode::CREATED).json;
        let text = |field: &str| made[field].as_str().expect("text").to_owned();
        Store { guid: text("guid"), crn: text("crn"), root: format!("{}/{key}", self.instance), authorization }
    }

    pub(crate) fn put(&self, path: &str) -> Call<'_> {
        self.call(axum::http::Method::PUT, path)
    }

    /// Stores a message under a name.
    pub(crate) async fn store(&self, store: &Store, name: &str, length: usize) -> Vec<u8> {
        let message = sealed(&[&store.root], length);
        self.put(&store.path(name)).body(message.clone()).send().await.is(StatusCode::CREATED);
        message
    }
}

impl Answer {
    /// A refusal of the object store, which has the shape of Key Protect's.
    #[track_caller]
    pub(crate) fn turned_away(&self, status: u16, code: &str) -> &Self {
        self.refused(status, code)
    }
}
