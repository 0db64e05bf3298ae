//! A token that goes away, comes back, or loses a key.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{server, support::Api, token::with_token};

async fn opens(api: &Api, key: &str, wrapped: &Value) -> bool {
    let answer = api.act(key, "unwrap", json!({"ciphertext": wrapped["ciphertext"]})).await;
    answer.status == StatusCode::OK && answer.json["plaintext"] == wrapped["plaintext"]
}

#[test]
fn a_token_that_comes_back_is_used_again_without_a_restart() {
    with_token("loss::a_token_that_comes_back_is_used_again_without_a_restart", async |token| {
        let api = server(&token).await;
        let key = api.root_key().await;
        let wrapped = api.wrap(&key, json!({})).await;
        for _ in 0..3 {
            token.set_present(false);
            let answer = api.act(&key, "unwrap", json!({"ciphertext": wrapped["ciphertext"]})).await;
            answer.refused(503, "CUSTODY_UNREACHABLE_ERR");
            assert_eq!(answer.headers["retry-after"], "1");
            api.get("/ready").send().await.is(StatusCode::SERVICE_UNAVAILABLE);
            let create =
                api.post("/api/v2/keys").json(&crate::support::envelope(json!({"name": "key", "extractable": false})));
            create.send().await.refused(503, "CUSTODY_UNREACHABLE_ERR");
            token.set_present(true);
            api.clock.advance(2);
            assert!(opens(&api, &key, &wrapped).await);
            api.get("/ready").send().await.is(StatusCode::OK);
            // The verdict counts for a second.
            api.clock.advance(1);
        }
        assert_eq!(token.root_keys().len(), 1);
    });
}

#[test]
fn a_key_that_was_removed_from_the_token_is_refused_and_others_serve() {
    with_token("loss::a_key_that_was_removed_from_the_token_is_refused_and_others_serve", async |token| {
        let api = server(&token).await;
        let (removed, kept) = (api.root_key().await, api.root_key().await);
        let (lost, wrapped) = (api.wrap(&removed, json!({})).await, api.wrap(&kept, json!({})).await);
        let object = token.root_keys().into_iter().find(|object| object.contains(&removed)).expect("there");
        let id = object.lines().find_map(|line| line.trim().strip_prefix("ID:")).expect("an id").trim().to_owned();
        token.tool(["--delete-object", "--type", "secrkey", "--id", &id]);
        let unwrap = json!({"ciphertext": lost["ciphertext"]});
        api.act(&removed, "unwrap", unwrap).await.refused(424, "CUSTODY_REFUSED_ERR");
        assert!(opens(&api, &kept, &wrapped).await);
    });
}
