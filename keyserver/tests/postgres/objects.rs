//! Objects of an encrypted service instance, stored and read over the socket.

use serde_json::{Value, json};

use crate::{message::sealed, patient::Client, process::Running};

const PREMIUM: &str = "d0e36c1a-94b7-4f6d-b2c8-58a1f7e24d03";
const SERVICE: &str = "envelock-objects";

/// An instance of the object store that a root key encrypts.
pub(crate) struct Objects {
    guid: String,
    root: String,
}

impl Objects {
    /// Orders one that this key encrypts.
    pub(crate) fn order(client: &Client, server: &Running, key: &str) -> Self {
        let (account, instance) = (server.said("account"), server.said("instance"));
        let plain = |name: &str, value: &str| json!({"name": name, "value": value});
        let equals = |name: &str, value: &str| json!({"name": name, "value": value, "operator": "stringEquals"});
        let roles = [
            "crn:v1:bluemix:public:iam::::serviceRole:Reader",
            "crn:v1:bluemix:public:iam::::role:AuthorizationDelegator",
        ];
        let policy = json!({
            "type": "authorization",
            "subjects": [{"attributes": [plain("accountId", account), plain("serviceName", SERVICE)]}],
            "roles": roles.map(|role| json!({"role_id": role})),
            "resources": [{"attributes": [
                equals("accountId", account), equals("serviceName", "kms"), equals("serviceInstance", instance),
            ]}],
        });
        made(client.send("POST", "/v1/policies", &[], &policy.to_string()));
        let order = json!({
            "name": "encrypted", "target": server.said("region"), "resource_group": "default", "resource_plan_id": PREMIUM,
            "parameters": {"kms_key_crn": format!("crn:v1:bluemix:public:kms:us-south:a/{account}:{instance}:key:{key}")},
        });
        let ordered = made(client.send("POST", "/v2/resource_instances", &[], &order.to_string()));
        let guid = ordered["guid"].as_str().expect("a GUID").to_owned();
        Self { guid, root: format!("{instance}/{key}") }
    }

    fn path(&self, name: &str) -> String {
        format!("/services/v1/{}/objects/{name}", self.guid)
    }

    /// Stores a message under a name, and returns its bytes.
    pub(crate) fn store(&self, client: &Client, name: &str, length: usize) -> Vec<u8> {
        let message = sealed(&[&self.root], length);
        let (status, answer) = client.exchange("PUT", &self.path(name), &[], &message).expect("an answer");
        assert_eq!(status, 201, "{}", String::from_utf8_lossy(&answer));
        message
    }

    /// Reads it.
    pub(crate) fn read(&self, client: &Client, name: &str) -> Vec<u8> {
        let (status, message) = client.exchange("GET", &self.path(name), &[], &[]).expect("an answer");
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&message));
        message
    }
}

#[track_caller]
fn made(answer: Option<(u16, Value)>) -> Value {
    let (status, body) = answer.expect("an answer");
    assert_eq!(status, 201, "{body}");
    body
}
