//! Services, and the authorizations that let them in.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::support::{Answer, Api, Someone};

pub(crate) const DELEGATOR: &str = "crn:v1:bluemix:public:iam::::role:AuthorizationDelegator";
pub(crate) const VIEWER: &str = "crn:v1:bluemix:public:iam::::role:Viewer";
pub(crate) const ADMINISTRATOR: &str = "crn:v1:bluemix:public:iam::::role:Administrator";
/// GUID of some instance of a service.
pub(crate) const TENANT: &str = "77d0a1c2-0b1f-4a58-8d7f-2f9e5a1b3c4d";
/// GUID of another one.
pub(crate) const OTHER_TENANT: &str = "00d0a1c2-0b1f-4a58-8d7f-2f9e5a1b3c4d";

impl Api {
    /// CRN of an instance of a service in this account.
    pub(crate) fn crn(&self, service: &str, instance: &str) -> String {
        format!("crn:v1:bluemix:public:{service}:us-south:a/{}:{instance}::", self.account)
    }

    /// A service ID that operates what the CRN names, and a token of it.
    pub(crate) async fn operator(&self, crn: &str) -> Someone {
        let body = json!({"account_id": self.account, "name": "an operator", "unique_instance_crns": [crn]});
        let identity = self.post("/v1/serviceids").json(&body).send().await;
        let iam_id = identity.is(StatusCode::CREATED).json["iam_id"].as_str().expect("an id").to_owned();
        let body = json!({"name": "key", "iam_id": iam_id, "account_id": self.account});
        let made = self.post("/v1/apikeys").json(&body).send().await;
        let api_key = made.is(StatusCode::CREATED).json["apikey"].as_str().expect("a key").to_owned();
        Someone { token: self.token_for(&api_key).await, policy: String::new(), iam_id, api_key }
    }

    /// Asks for a token in the name of a service instance.
    pub(crate) async fn act_for(&self, operator: &str, crn: &str) -> Answer {
        let form = [
            ("grant_type", "urn:ibm:params:oauth:grant-type:iam-authz"),
            ("access_token", operator),
            ("desired_iam_id", &format!("crn-{crn}")),
        ];
        let form = serde_urlencoded::to_string(form).expect("a form");
        self.post("/identity/token").without("authorization").text(&form).send().await
    }

    /// A token of an instance of a service.
    pub(crate) async fn service_token(&self, service: &str, instance: &str) -> String {
        let crn = self.crn(service, instance);
        let operator = self.operator(&format!("crn:v1:bluemix:public:{service}::a/{}:::", self.account)).await;
        let answer = self.act_for(&operator.token, &crn).await;
        answer.is(StatusCode::OK).json["access_token"].as_str().expect("a token").to_owned()
    }

    /// Body of an authorization for a service to use keys of the instance.
    pub(crate) fn authorization(&self, source: &[(&str, &str)], roles: &[&str], target: &[(&str, &str)]) -> Value {
        let mut body = self.policy("nobody", roles, &[]);
        let account = ("accountId", self.account.as_str());
        let own = [account, ("serviceName", "kms"), ("serviceInstance", &self.instance)];
        let plain = |(name, value): &(&str, &str)| json!({"name": name, "value": value});
        let equals = |(name, value): &(&str, &str)| json!({"name": name, "value": value, "operator": "stringEquals"});
        body["type"] = json!("authorization");
        let subject: Vec<Value> = std::iter::once(&account).chain(source).map(plain).collect();
        let resource: Vec<Value> = own.iter().chain(target).map(equals).collect();
        body["subjects"] = json!([{"attributes": subject}]);
        body["resources"] = json!([{"attributes": resource}]);
        body
    }

    /// Makes a policy and returns its id.
    pub(crate) async fn make_policy(&self, body: &Value) -> String {
        let made = self.post("/v1/policies").json(body).send().await;
        made.is(StatusCode::CREATED).json["id"].as_str().expect("an id").to_owned()
    }

    /// An access policy on a resource group itself.
    pub(crate) async fn let_into_group(&self, iam_id: &str, group: &str, role: &str) -> String {
        let mut policy = self.policy(iam_id, &[role], &[]);
        policy["resources"] = json!([{"attributes": [
            {"name": "accountId", "value": self.account},
            {"name": "resourceType", "value": "resource-group"},
            {"name": "resource", "value": group},
        ]}]);
        self.make_policy(&policy).await
    }

    /// Removes a policy.
    pub(crate) async fn remove_policy(&self, id: &str) {
        self.delete(&format!("/v1/policies/{id}")).send().await.is(StatusCode::NO_CONTENT);
    }
}

/// An error of the management APIs, in their whole shape.
#[track_caller]
pub(crate) fn refused(answer: &Answer, status: u16, code: &str) {
    let told = (answer.status.as_u16(), answer.json["errors"][0]["code"].as_str());
    assert_eq!(told, (status, Some(code)), "{}", answer.text);
    assert_eq!(answer.json["status_code"], status);
    assert_eq!(answer.json["trace"], answer.header("correlation-id"));
}
