//! `/identity/token`, `/oidc/token`, `/identity/keys`.

use axum::http::StatusCode;
use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Value, json};

use crate::support::Api;

fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).expect("three parts");
    serde_json::from_slice(&Base64UrlUnpadded::decode_vec(part).expect("base64url")).expect("JSON")
}

#[tokio::test]
async fn token_has_the_claims_of_a_service_id() {
    let api = Api::new().await;
    let header = part(&api.token, 0);
    assert_eq!(header["alg"], "RS256");
    let claims = part(&api.token, 1);
    let sub = claims["sub"].as_str().expect("a subject");
    assert!(sub.starts_with("ServiceId-"));
    assert_eq!(claims["iam_id"], format!("iam-{sub}"));
    assert_eq!(claims["id"], claims["iam_id"]);
    assert_eq!(claims["realmid"], "iam");
    assert_eq!(claims["identifier"], claims["sub"]);
    assert_eq!(claims["sub_type"], "ServiceId");
    assert_eq!(claims["account"], json!({"valid": true, "bss": api.account, "frozen": true}));
    assert_eq!(claims["authn"]["iam_id"], claims["iam_id"]);
    assert_eq!(claims["grant_type"], "urn:ibm:params:oauth:grant-type:apikey");
    assert_eq!((claims["acr"].clone(), claims["amr"].clone()), (json!(1), json!(["pwd"])));
    assert!(claims["iss"].as_str().expect("an issuer").starts_with("https://iam"));
    assert!(claims.get("aud").is_none());
    let (iat, exp) = (claims["iat"].as_i64().expect("a number"), claims["exp"].as_i64().expect("a number"));
    assert_eq!(exp - iat, 3600);
}

#[tokio::test]
async fn both_paths_answer_alike_and_ignore_what_other_clients_add() {
    let api = Api::new().await;
    for path in ["/identity/token", "/oidc/token"] {
        let form = format!(
            "apikey={}&response_type=cloud_iam&uaa_client_id=cf&uaa_client_secret=&scope=ibm%20openid\
             &grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey",
            api.api_key
        );
        let answer = api.post(path).without("authorization").header("authorization", "Basic Yng6Yng=").text(&form);
        let answer = answer.send().await;
        answer.is(StatusCode::OK);
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.json["token_type"], "Bearer");
        assert_eq!(answer.json["expires_in"], 3600);
        assert_eq!(answer.json["refresh_token"], "not_supported");
        let claims = part(answer.json["access_token"].as_str().expect("a token"), 1);
        assert_eq!(answer.json["expiration"], claims["exp"]);
    }
}

#[tokio::test]
async fn bad_key_and_bad_grant_have_their_own_codes() {
    let api = Api::new().await;
    let wrong = "grant_type=urn:ibm:params:oauth:grant-type:apikey&apikey=nonsense";
    let answer = api.post("/identity/token").text(wrong).send().await;
    answer.is(StatusCode::BAD_REQUEST);
    assert_eq!(answer.json["errorCode"], "BXNIM0415E");
    assert_eq!(answer.json["errorMessage"], "Provided API key could not be found.");
    assert_eq!(answer.json["context"]["requestId"], answer.header("correlation-id"));

    let password = format!("grant_type=password&apikey={}", api.api_key);
    let answer = api.post("/identity/token").text(&password).send().await;
    answer.is(StatusCode::BAD_REQUEST);
    assert_eq!(answer.json["errorCode"], "BXNIM0102E");
}

#[tokio::test]
async fn published_key_verifies_the_token_and_says_nothing_of_use() {
    let api = Api::new().await;
    let answer = api.get("/identity/keys").without("authorization").without("bluemix-instance").send().await;
    answer.is(StatusCode::OK);
    let key = &answer.json["keys"][0];
    assert_eq!(key["kid"], part(&api.token, 0)["kid"]);
    assert_eq!((key["kty"].clone(), key["alg"].clone()), (json!("RSA"), json!("RS256")));
    assert!(key.get("use").is_none());
    assert!(key.get("d").is_none(), "a private key was published");

    let component = |name: &str| Base64UrlUnpadded::decode_vec(key[name].as_str().expect("text")).expect("base64url");
    let public = aws_lc_rs::rsa::PublicKeyComponents { n: component("n"), e: component("e") };
    let (signed, signature) = api.token.rsplit_once('.').expect("three parts");
    let signature = Base64UrlUnpadded::decode_vec(signature).expect("base64url");
    public
        .verify(&aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature)
        .expect("signed by the published key");
}
