//! `/console/session`, `/console/token`, the console's files, health.

use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::support::{Answer, Api, Call};

fn bare<'a>(api: &'a Api, method: Method, path: &str) -> Call<'a> {
    api.call(method, path).without("authorization").without("bluemix-instance")
}

async fn sign_in(api: &Api, code: &str) -> Answer {
    bare(api, Method::POST, "/console/session").json(&json!({"code": code})).send().await
}

fn cookie(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().expect("a cookie").to_owned()
}

#[tokio::test]
async fn a_code_opens_one_session_with_a_guarded_cookie() {
    let api = Api::new().await;
    let opened = sign_in(&api, &api.sign_in_code).await;
    opened.is(StatusCode::OK);
    let set = opened.header("set-cookie");
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/console"] {
        assert!(set.contains(attribute), "{set}");
    }
    assert_eq!(opened.header("cache-control"), "no-store");
    assert_eq!(opened.json["account"], api.account);
    assert_eq!(opened.json["expires"], "2026-01-10T17:00:00Z");
    assert_eq!(opened.json["instances"][0]["id"], api.instance);
    let crn = format!("crn:v1:bluemix:public:kms:us-south:a/{}:{}::", api.account, api.instance);
    assert_eq!(opened.json["instances"][0]["crn"], crn);
    sign_in(&api, &api.sign_in_code).await.refused(401, "SIGN_IN_CODE_ERR");

    let shown = bare(&api, Method::GET, "/console/session").header("cookie", &cookie(&opened)).send().await;
    assert_eq!(shown.json, opened.json);
}

#[tokio::test]
async fn two_servers_on_one_host_do_not_take_each_others_cookie() {
    let (one, two) = (Api::new().await, Api::new().await);
    let first = cookie(&sign_in(&one, &one.sign_in_code).await);
    let second = cookie(&sign_in(&two, &two.sign_in_code).await);
    // A browser sends what it has for the host, whatever the port.
    let both = format!("{first}; {second}");
    for api in [&one, &two] {
        let session = bare(api, Method::GET, "/console/session").header("cookie", &both).send().await;
        assert_eq!(session.is(StatusCode::OK).json["account"], api.account);
    }
    bare(&two, Method::GET, "/console/session")
        .header("cookie", &first)
        .send()
        .await
        .refused(401, "SESSION_MISSING_ERR");
}

#[tokio::test]
async fn codes_are_refused_when_unknown_late_or_missing() {
    let api = Api::new().await;
    sign_in(&api, "nonsense").await.refused(401, "SIGN_IN_CODE_ERR");
    bare(&api, Method::POST, "/console/session").send().await.refused(400, "NO_BODY_ERR");
    let empty = bare(&api, Method::POST, "/console/session").json(&json!({"other": 1})).send().await;
    empty.refused_for(400, "INVALID_FIELD_ERR", "field", "code");
    api.clock.advance(15 * 60);
    sign_in(&api, &api.sign_in_code).await.refused(401, "SIGN_IN_CODE_ERR");
}

#[tokio::test]
async fn a_session_gets_tokens_that_work_until_it_ends() {
    let api = Api::new().await;
    let cookie = cookie(&sign_in(&api, &api.sign_in_code).await);
    let token = || bare(&api, Method::POST, "/console/token").header("cookie", &cookie).send();
    let answer = token().await;
    answer.is(StatusCode::OK);
    assert_eq!(answer.header("cache-control"), "no-store");
    let mut fields: Vec<&String> = answer.json.as_object().expect("an object").keys().collect();
    fields.sort();
    assert_eq!(fields, ["access_token", "expiration", "expires_in", "token_type"]);
    let bearer = answer.json["access_token"].as_str().expect("a token");
    api.get("/api/v2/keys").token(bearer).send().await.is(StatusCode::OK);

    let left = bare(&api, Method::DELETE, "/console/session").header("cookie", &cookie).send().await;
    left.is(StatusCode::NO_CONTENT);
    assert!(left.header("set-cookie").contains("Max-Age=0"));
    token().await.refused(401, "SESSION_MISSING_ERR");
    bare(&api, Method::DELETE, "/console/session").send().await.is(StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn sessions_end_by_themselves() {
    let api = Api::new().await;
    let cookie = cookie(&sign_in(&api, &api.sign_in_code).await);
    let session = || bare(&api, Method::GET, "/console/session").header("cookie", &cookie).send();
    api.clock.advance(8 * 3600 - 1);
    session().await.is(StatusCode::OK);
    api.clock.advance(1);
    session().await.refused(401, "SESSION_MISSING_ERR");
    bare(&api, Method::GET, "/console/session").send().await.refused(401, "SESSION_MISSING_ERR");
    let forged = format!("envelock_session_{}=nonsense", api.account);
    let forged = bare(&api, Method::GET, "/console/session").header("cookie", &forged).send().await;
    forged.refused(401, "SESSION_MISSING_ERR");
}

#[tokio::test]
async fn pages_of_other_origins_get_nothing() {
    let api = Api::new().await;
    let cookie = cookie(&sign_in(&api, &api.sign_in_code).await);
    let token = || bare(&api, Method::POST, "/console/token").header("cookie", &cookie).header("host", "127.0.0.1:1");
    token().header("origin", "http://127.0.0.1:1").send().await.is(StatusCode::OK);
    token().header("sec-fetch-site", "same-origin").send().await.is(StatusCode::OK);
    for (name, value) in [
        ("origin", "http://127.0.0.1:2"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", "cross-site"),
    ] {
        token().header(name, value).send().await.refused(403, "FOREIGN_ORIGIN_ERR");
    }
    let code = bare(&api, Method::POST, "/console/session").header("sec-fetch-site", "cross-site");
    code.json(&json!({"code": "x"})).send().await.refused(403, "FOREIGN_ORIGIN_ERR");
}

#[tokio::test]
async fn the_console_is_served_with_a_strict_policy_or_says_that_it_was_not_built() {
    let api = Api::new().await;
    let page = bare(&api, Method::GET, "/").send().await;
    let policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
                  font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
    assert_eq!(page.header("content-security-policy"), policy);
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    if page.status == StatusCode::NOT_FOUND {
        assert!(page.text.contains("cargo xtask build"), "{}", page.text);
        return;
    }
    assert_eq!(page.header("content-type"), "text/html");
    assert_eq!(page.header("cache-control"), "no-cache");
    let script = page.text.split('"').find(|part| part.ends_with(".js")).expect("a script").trim_start_matches('.');
    let script = bare(&api, Method::GET, script).send().await;
    script.is(StatusCode::OK);
    assert!(script.header("cache-control").contains("immutable"));
    assert_eq!(script.header("content-type"), "text/javascript");
    let again = bare(&api, Method::GET, "/").header("if-none-match", page.header("etag")).send().await;
    assert_eq!((again.status, again.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
    bare(&api, Method::GET, "/../Cargo.toml").send().await.refused(404, "NOT_FOUND_ERR");
    bare(&api, Method::POST, "/").send().await.refused(404, "NOT_FOUND_ERR");
}

#[tokio::test]
async fn health_and_readiness_answer_without_a_token() {
    let api = Api::new().await;
    for path in ["/health", "/ready"] {
        let answer = bare(&api, Method::GET, path).send().await;
        answer.is(StatusCode::OK);
        assert_eq!(answer.json, json!({"status": "ok"}));
    }
}
