//! No secret is in anything that a whole run wrote or said: database, logs, answers that are errors.

use std::{fs, path::Path};

use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use serde_json::{Value, json};

use crate::{
    patient::{Client, Dice},
    process::Running,
};

/// A secret in every form that it could be written in.
fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let base64 = Base64::encode_string(secret);
    let url = Base64UrlUnpadded::encode_string(secret);
    let texts = [hex.to_uppercase(), hex, base64.trim_end_matches('=').to_owned(), url];
    std::iter::once(secret.to_vec()).chain(texts.into_iter().map(String::into_bytes)).collect()
}

fn holds(haystack: &[u8], secret: &[u8]) -> bool {
    forms(secret).iter().any(|form| haystack.windows(form.len()).any(|window| window == form))
}

/// Every file but that of the master key.
fn written(folder: &Path, all: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            written(&path, all);
        } else if !path.ends_with("master.key") {
            all.push((path.display().to_string(), fs::read(&path).expect("a file")));
        }
    }
}

#[test]
fn nothing_written_holds_a_key_a_token_or_a_data_key() {
    let data = tempfile::tempdir().expect("a directory");
    let server = Running::start(data.path());
    let api_key = server.said("api_key").to_owned();
    let client = Client::of(&server, &api_key);
    let code = server.said("sign_in_url").split_once("code=").expect("a code").1.to_owned();
    let bytes = |base64: &str| Base64::decode_vec(base64).expect("base64");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let mut dice = Dice(1234);
    let mut draw = || (0..32).map(|_| dice.below(256) as u8).collect::<Vec<u8>>();
    let (imported, dek, standard) = (draw(), draw(), draw());
    let mut secrets: Vec<(&str, Vec<u8>)> = vec![
        ("imported material", imported.clone()),
        ("a data key of a caller", dek.clone()),
        ("a standard key", standard.clone()),
        ("an API key", api_key.clone().into_bytes()),
        ("an access token", client.token.clone().into_bytes()),
        ("the signature of a token", client.token.rsplit('.').next().expect("parts").as_bytes().to_vec()),
        ("a sign-in code", code.into_bytes()),
        ("the master key", bytes(fs::read_to_string(data.path().join("master.key")).expect("a key").trim())),
    ];
    let mut errors = String::new();
    let mut ask = |method: &str, path: &str, body: &str| {
        let (status, answer) = client.send(method, path, &[], body).expect("an answer");
        if status >= 400 {
            errors.push_str(&answer.to_string());
        }
        (status, answer)
    };
    let new = |fields: Value| {
        let mut key = fields;
        key["type"] = json!("application/vnd.ibm.kms.key+json");
        let metadata = json!({"collectionType": "application/vnd.ibm.kms.key+json", "collectionTotal": 1});
        json!({"metadata": metadata, "resources": [key]}).to_string()
    };
    let payload = |key: &[u8]| Base64::encode_string(key);
    let (_, made) = ask(
        "POST",
        "/api/v2/keys",
        &new(json!({"name": "imported", "extractable": false, "payload": payload(&imported)})),
    );
    let key = format!("/api/v2/keys/{}", text(&made["resources"][0]["id"]));
    let (status, shown) = ask(
        "POST",
        "/api/v2/keys",
        &new(json!({"name": "standard", "extractable": true, "payload": payload(&standard)})),
    );
    assert_eq!(status, 201, "{shown}");
    let body = json!({"plaintext": Base64::encode_string(&dek), "aad": ["a secret context"]}).to_string();
    let (status, wrapped) = ask("POST", &format!("{key}/actions/wrap"), &body);
    assert_eq!(status, 200, "{wrapped}");
    let (_, drawn) = ask("POST", &format!("{key}/actions/wrap"), "{}");
    secrets.push(("a data key of the server", bytes(&text(&drawn["plaintext"]))));
    secrets.push(("additional data", b"a secret context".to_vec()));
    let open = |wrapped: &Value, aad: &[&str]| json!({"ciphertext": wrapped["ciphertext"], "aad": aad}).to_string();
    assert_eq!(ask("POST", &format!("{key}/actions/unwrap"), &open(&wrapped, &["a secret context"])).0, 200);
    // Refusals of all kinds, with secrets in them.
    assert_eq!(ask("POST", &format!("{key}/actions/unwrap"), &open(&wrapped, &["another"])).0, 422);
    let odd = json!({"plaintext": format!("?{}", Base64::encode_string(&dek))}).to_string();
    assert_eq!(ask("POST", &format!("{key}/actions/wrap"), &odd).0, 400);
    let odd = new(json!({"name": "odd", "extractable": false, "payload": payload(&imported)[..40]}));
    assert_eq!(ask("POST", "/api/v2/keys", &odd).0, 400);
    assert_eq!(ask("POST", &format!("{key}/actions/rotate"), &json!({"payload": 7}).to_string()).0, 400);
    let form = format!("grant_type=urn:ibm:params:oauth:grant-type:apikey&apikey={api_key}x");
    assert_eq!(ask("POST", "/identity/token", &form).0, 400);
    for path in ["/metrics", "/health", "/ready", "/openapi.json"] {
        let (_, answer) = client.send("GET", path, &[], "").expect("an answer");
        errors.push_str(&answer.to_string());
    }
    let (_, logs) = server.stop();
    let mut all = vec![("logs".to_owned(), logs.into_bytes()), ("errors".to_owned(), errors.into_bytes())];
    written(data.path(), &mut all);
    for (what, secret) in &secrets {
        for (place, bytes) in &all {
            assert!(!holds(bytes, secret), "{what} is in {place}");
        }
    }
    let searched: usize = all.iter().map(|(_, bytes)| bytes.len()).sum();
    println!("{} secrets in five forms, not found in {searched} bytes of {} files and texts", secrets.len(), all.len());
    // The search does find what is there.
    for form in forms(&dek) {
        assert!(holds(&[b"before ", form.as_slice(), b" after"].concat(), &dek));
    }
}
