//! From where an instance is reached: `allowedNetwork`, `allowedIP`, and `/instance/allowed_ip_port`.

use axum::http::{Method, StatusCode};
use envelock_keyserver::server::Network::{Private, Public};
use serde_json::json;

use crate::{
    instance_policies::{collection, set},
    support::{Answer, Api, READER, WRITER, objects::OBJECTS},
};

const OFFICE: &str = "192.0.2.7";
const ELSEWHERE: &str = "198.51.100.9";
/// Of the test server's trusted proxies.
const PROXY: &str = "10.0.0.1";

async fn private_only(api: &Api) {
    let data = json!({"enabled": true, "attributes": {"allowed_network": "private-only"}});
    set(api, "allowedNetwork", data).await.is(StatusCode::NO_CONTENT);
}

async fn only_from(api: &Api, networks: &[&str]) {
    let data = json!({"enabled": true, "attributes": {"allowed_ip": networks}});
    set(api, "allowedIP", data).await.is(StatusCode::NO_CONTENT);
}

#[track_caller]
fn refused(answer: &Answer, why: &str) {
    answer.refused(401, "UNAUTHORIZED_ERR");
    let message = &answer.json["resources"][0]["errorMsg"];
    assert_eq!(*message, format!("Unauthorized: {why} (UNAUTHORIZED_ERR)"));
}

const NETWORK: &str = "The instance takes requests over its private network only";
const ADDRESS: &str = "The instance does not take requests from this address";

#[tokio::test]
async fn an_instance_can_be_ordered_for_the_private_network_only() {
    let api = Api::new().await;
    let order = json!({
        "name": "private keys", "target": "us-south", "resource_group": "default",
        "resource_plan_id": "eedd3585-90c6-4c8f-be3d-062069e99fc3", "parameters": {"allowed_network": "private-only"},
    });
    let made = api.post("/v2/resource_instances").json(&order).send().await;
    let made = &made.is(StatusCode::CREATED).json;
    let guid = made["guid"].as_str().expect("a GUID");
    let list = || api.get("/api/v2/keys").header("bluemix-instance", guid);
    list().send().await.refused(401, "UNAUTHORIZED_ERR");
    list().over(Private, OFFICE).send().await.is(StatusCode::OK);
    let policies = api.get("/api/v2/instance/policies").header("bluemix-instance", guid);
    let policies = policies.over(Private, OFFICE).send().await;
    let policy = policies.is(StatusCode::OK).resource().clone();
    let wanted = json!({"enabled": true, "attributes": {"allowed_network": "private-only"}});
    assert_eq!((&policy["policy_type"], &policy["policy_data"]), (&json!("allowedNetwork"), &wanted));
    assert_eq!(policy["createdBy"], made["created_by"]);
    let event = api.events_of("resource-controller.instance.create").pop().expect("an event");
    assert_eq!(event["requestData"]["newValue"]["allowedNetwork"]["allowed_network"], "private-only");
    let change = json!({"parameters": {"allowed_network": "public-and-private"}});
    let change = api.call(Method::PATCH, &format!("/v2/resource_instances/{guid}")).json(&change);
    change.send().await.rejected(400, "INVALID_FIELD_ERR");
}

#[tokio::test]
async fn a_private_instance_is_not_reached_over_the_public_network() {
    let api = Api::new().await;
    let id = api.root_key().await;
    private_only(&api).await;
    let wrap = format!("/api/v2/keys/{id}/actions/wrap");
    for call in
        [api.get("/api/v2/keys"), api.post(&wrap), api.get("/api/v2/instance/policies"), api.get("/api/v2/else")]
    {
        refused(&call.send().await, NETWORK);
    }
    let event = api.events_of("kms.secrets.wrap").pop().expect("an event");
    assert_eq!((&event["severity"], &event["reason"]["reasonCode"]), (&json!("critical"), &json!(401)));
    assert_eq!(event["reason"]["reasonForFailure"], NETWORK);
    api.post(&wrap).over(Private, OFFICE).send().await.is(StatusCode::OK);
    let event = api.events_of("kms.secrets.wrap").pop().expect("an event");
    assert!(event["initiator"]["host"].get("address").is_none(), "on a private network it says nothing");

    let off = json!({"policy_type": "allowedNetwork", "policy_data": {"enabled": false}});
    let call = api.call(Method::PUT, "/api/v2/instance/policies").over(Private, OFFICE).json(&collection(&[off]));
    call.send().await.is(StatusCode::NO_CONTENT);
    api.post(&wrap).over(Public, OFFICE).send().await.is(StatusCode::OK);
    let event = api.events_of("kms.secrets.wrap").pop().expect("an event");
    assert_eq!(event["initiator"]["host"]["address"], OFFICE);
}

#[tokio::test]
async fn the_way_through_a_service_instance_leads_over_the_same_network() {
    let api = Api::new().await;
    let id = api.root_key().await;
    let store = api.encrypted_by(&id).await;
    let someone = api.someone(&[], &[]).await;
    api.grant_on(OBJECTS, &someone.iam_id, &[WRITER], &[]).await;
    private_only(&api).await;
    let wrap = format!("/services/v1/{}/api/v2/keys/{id}/actions/wrap", store.guid);
    let call = |network| api.post(&wrap).token(&someone.token).over(network, OFFICE).send();
    refused(&call(Public).await, NETWORK);
    call(Private).await.is(StatusCode::OK);
    let off = json!({"policy_type": "allowedNetwork", "policy_data": {"enabled": false}});
    let put = api.call(Method::PUT, "/api/v2/instance/policies").over(Private, OFFICE).json(&collection(&[off]));
    put.send().await.is(StatusCode::NO_CONTENT);
    only_from(&api, &["203.0.113.0/24"]).await;
    call(Public).await.is(StatusCode::OK);
}

#[tokio::test]
async fn an_instance_open_to_both_networks_is_reached_over_both() {
    let api = Api::new().await;
    let data = json!({"enabled": true, "attributes": {"allowed_network": "public-and-private"}});
    set(&api, "allowedNetwork", data).await.is(StatusCode::NO_CONTENT);
    for network in [Public, Private] {
        api.get("/api/v2/keys").over(network, OFFICE).send().await.is(StatusCode::OK);
    }
}

#[tokio::test]
async fn only_those_with_access_learn_from_where_an_instance_is_reached() {
    let api = Api::new().await;
    let stranger = api.someone(&[], &[]).await.token;
    let before = api.get("/api/v2/keys").token(&stranger).send().await;
    private_only(&api).await;
    let after = api.get("/api/v2/keys").token(&stranger).send().await;
    after.refused(401, "UNAUTHORIZED_ERR");
    assert_eq!(after.text, before.text);
}

#[tokio::test]
async fn an_instance_is_reached_from_the_addresses_laid_down() {
    let api = Api::new().await;
    only_from(&api, &["192.0.2.0/24", "203.0.113.5/32", "2001:db8::/32"]).await;
    for (address, allowed) in [
        (OFFICE, true),
        ("203.0.113.5", true),
        ("203.0.113.6", false),
        (ELSEWHERE, false),
        ("2001:db8::7", true),
        ("2001:db9::7", false),
        ("::ffff:192.0.2.7", true),
        ("::ffff:198.51.100.9", false),
    ] {
        for network in [Public, Private] {
            let answer = api.get("/api/v2/keys").over(network, address).send().await;
            if allowed {
                answer.is(StatusCode::OK);
            } else {
                refused(&answer, ADDRESS);
            }
        }
    }
    refused(&api.get("/api/v2/keys").send().await, ADDRESS);
}

#[tokio::test]
async fn addresses_do_not_bind_services_but_the_network_does() {
    let api = Api::new().await;
    let id = api.root_key().await;
    let service = api.service("discovery", &[READER], &[]).await;
    let wrap = format!("/api/v2/keys/{id}/actions/wrap");
    only_from(&api, &["192.0.2.0/24"]).await;
    let call = || api.post(&wrap).token(&service.token);
    call().over(Public, ELSEWHERE).send().await.is(StatusCode::OK);
    let data = json!({"enabled": true, "attributes": {"allowed_network": "private-only"}});
    let body = collection(&[json!({"policy_type": "allowedNetwork", "policy_data": data})]);
    let put = api.call(Method::PUT, "/api/v2/instance/policies").over(Public, OFFICE).json(&body);
    put.send().await.is(StatusCode::NO_CONTENT);
    refused(&call().over(Public, ELSEWHERE).send().await, NETWORK);
    call().over(Private, ELSEWHERE).send().await.is(StatusCode::OK);
}

#[tokio::test]
async fn what_is_forwarded_counts_from_trusted_proxies_only() {
    let api = Api::new().await;
    only_from(&api, &["192.0.2.0/24"]).await;
    for (peer, forwarded, allowed) in [
        (PROXY, "192.0.2.7", true),
        (PROXY, "198.51.100.9", false),
        (PROXY, "192.0.2.7, 198.51.100.9", false),
        (PROXY, "198.51.100.9, 192.0.2.7, 10.0.0.2", true),
        (PROXY, "nonsense", false),
        (ELSEWHERE, "192.0.2.7", false),
        (OFFICE, "198.51.100.9", true),
    ] {
        let call = api.get("/api/v2/keys").over(Public, peer).header("x-forwarded-for", forwarded);
        let answer = call.send().await;
        if allowed {
            answer.is(StatusCode::OK);
        } else {
            refused(&answer, ADDRESS);
        }
    }
    api.get("/api/v2/keys").over(Public, PROXY).header("x-forwarded-for", OFFICE).send().await;
    let event = api.events_of("kms.secrets.list").pop().expect("an event");
    assert_eq!(event["initiator"]["host"]["address"], OFFICE);
}

#[tokio::test]
async fn network_and_addresses_must_both_fit() {
    let api = Api::new().await;
    let both = [
        json!({"policy_type": "allowedNetwork",
            "policy_data": {"enabled": true, "attributes": {"allowed_network": "private-only"}}}),
        json!({"policy_type": "allowedIP", "policy_data": {"enabled": true, "attributes": {"allowed_ip": ["192.0.2.0/24"]}}}),
    ];
    let call = api.call(Method::PUT, "/api/v2/instance/policies").json(&collection(&both));
    call.send().await.is(StatusCode::NO_CONTENT);
    for (network, address, allowed) in
        [(Private, OFFICE, true), (Public, OFFICE, false), (Private, ELSEWHERE, false), (Public, ELSEWHERE, false)]
    {
        let answer = api.get("/api/v2/keys").over(network, address).send().await;
        assert_eq!(answer.status.is_success(), allowed, "{network:?} {address}");
    }
}

#[tokio::test]
async fn a_limited_instance_says_at_which_port_it_is_reached_privately() {
    let api = Api::new().await;
    let ask = || api.get("/api/v2/instance/allowed_ip_port").over(Private, OFFICE).send();
    let kind = "application/vnd.ibm.kms.allowed_ip_metadata+json";
    let none = json!({"metadata": {"collectionType": kind, "collectionTotal": 0}, "resources": []});
    assert_eq!(ask().await.is(StatusCode::OK).json, none);
    only_from(&api, &["192.0.2.0/24"]).await;
    let answer = ask().await;
    assert_eq!(answer.is(StatusCode::OK).json["metadata"], json!({"collectionType": kind, "collectionTotal": 1}));
    assert_eq!(*answer.resource(), json!({"private_endpoint_port": 4443}));
    let event = api.events_of("kms.instance-allowed-ip-port.read").pop().expect("an event");
    assert_eq!((&event["outcome"], &event["severity"]), (&json!("success"), &json!("normal")));
    let reader = api.someone(&[READER], &[]).await.token;
    let call = api.get("/api/v2/instance/allowed_ip_port").over(Private, OFFICE).token(&reader);
    call.send().await.refused(401, "UNAUTHORIZED_ERR");
}
