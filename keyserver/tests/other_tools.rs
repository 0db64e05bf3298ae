//! What other people's tools make of the server's formats: OpenSSL's command line and Node's crypto.
//!
//! Needs the commands `openssl` (3.0 or later), `node` and `bash`.

#[path = "support/api.rs"]
#[expect(dead_code, reason = "the other tests need more of it")]
mod support;
#[path = "support/iam.rs"]
#[expect(dead_code, reason = "the other tests need more of it")]
mod support_iam;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use axum::http::StatusCode;
use base64ct::{Base64, Encoding};
use serde_json::{Value, json};
use support::{Api, envelope, import::Token};
use tempfile::TempDir;

const AADS: [&[&str]; 5] = [&[], &[""], &["tenant-7"], &["a", "é", "", "\u{1F511}"], &["b", "a"]];

fn run(command: &mut Command) -> Output {
    let program = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{program} does not run: {error}"))
}

#[track_caller]
fn said(command: &mut Command) -> String {
    let output = run(command);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").trim_end().to_owned()
}

/// The program in the documentation that follows the words "Save it as `name`", in a file of its own.
fn documented(name: &str) -> (TempDir, PathBuf) {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/wrap-format.md");
    let guide = fs::read_to_string(guide).expect("a file");
    let (_, rest) = guide.split_once(&format!("Save it as `{name}`:\n\n```")).expect("the program is there");
    let (_, rest) = rest.split_once('\n').expect("a fence");
    let (program, _) = rest.split_once("\n```\n").expect("a fence");
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join(name);
    fs::write(&path, program.to_owned() + "\n").expect("written");
    (directory, path)
}

fn material(bytes: u8) -> Vec<u8> {
    (0..bytes).map(|n| n.wrapping_mul(37).wrapping_add(bytes)).collect()
}

async fn import_plain(api: &Api, material: &[u8]) -> String {
    let payload = Base64::encode_string(material);
    let key = api.create(json!({"name": "imported", "extractable": false, "payload": payload})).await;
    key["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn node_opens_what_the_server_wraps() {
    let api = Api::new().await;
    let (_directory, program) = documented("open.mjs");
    for bytes in [16, 24, 32] {
        let material = material(bytes);
        let key = import_plain(&api, &material).await;
        for aad in AADS {
            let wrapped = api.wrap(&key, json!({"aad": aad})).await;
            let open = |aad: &[&str]| {
                let mut node = Command::new("node");
                node.arg(&program).arg(Base64::encode_string(&material));
                node.arg(wrapped["ciphertext"].as_str().expect("text")).args(aad);
                node
            };
            assert_eq!(said(&mut open(aad)), wrapped["plaintext"].as_str().expect("text"), "{aad:?}");
            let other = run(&mut open(&["another"]));
            assert!(!other.status.success() && other.stdout.is_empty(), "{aad:?} opened with other additional data");
        }
    }
}

#[tokio::test]
async fn openssl_opens_what_the_server_wraps() {
    let api = Api::new().await;
    let (_directory, program) = documented("open.sh");
    for bytes in [16, 24, 32] {
        let material = material(bytes);
        let key = import_plain(&api, &material).await;
        for plaintext in [&[0_u8][..], &[0xff; 36], &material] {
            let body = json!({"plaintext": Base64::encode_string(plaintext), "aad": ["tenant-7"]});
            let wrapped = api.wrap(&key, body).await;
            let mut bash = Command::new("bash");
            bash.arg(&program).arg(Base64::encode_string(&material));
            bash.arg(wrapped["ciphertext"].as_str().expect("text"));
            assert_eq!(said(&mut bash), Base64::encode_string(plaintext));
        }
    }
}

/// That a key made of these fields has this material: a second key with the material in the clear opens what it wraps.
async fn assert_imported(api: &Api, mut fields: Value, material: &[u8]) {
    fields["name"] = json!("imported");
    fields["extractable"] = json!(false);
    let made = api.post("/api/v2/keys").json(&envelope(fields)).send().await;
    let made = made.is(StatusCode::CREATED).resource();
    let wrapped = api.wrap(made["id"].as_str().expect("an id"), json!({})).await;
    let plain = import_plain(api, material).await;
    let opened = api.act(&plain, "unwrap", json!({"ciphertext": wrapped["ciphertext"]})).await;
    assert_eq!(opened.is(StatusCode::OK).json["plaintext"], wrapped["plaintext"]);
}

#[tokio::test]
async fn keys_encrypted_by_openssl_and_by_node_are_imported() {
    let api = Api::new().await;
    api.post("/api/v2/import_token").send().await.is(StatusCode::OK);
    let retrieved = api.get("/api/v2/import_token").send().await.is(StatusCode::OK).json.clone();
    let token = Token::of(&retrieved);
    let directory = tempfile::tempdir().expect("a directory");
    let file = |name: &str, bytes: &[u8]| {
        let path = directory.path().join(name);
        fs::write(&path, bytes).expect("written");
        path
    };
    let pem = file("token.pem", token.pem.as_bytes());
    let text = said(Command::new("openssl").args(["pkey", "-pubin", "-noout", "-text", "-in"]).arg(&pem));
    assert!(text.starts_with("Public-Key: (4096 bit)"), "{text}");

    for bytes in [16, 24, 32] {
        let material = material(bytes);
        // The command has no AES-GCM: the key is encrypted by OpenSSL, the nonce in this process.
        let options = ["rsa_padding_mode:oaep", "rsa_oaep_md:sha256", "rsa_mgf1_md:sha256"];
        let mut openssl = Command::new("openssl");
        openssl.args(["pkeyutl", "-encrypt", "-pubin", "-inkey"]).arg(&pem).arg("-in").arg(file("key", &material));
        openssl.args(options.iter().flat_map(|option| ["-pkeyopt", option]));
        let output = run(&mut openssl);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let fields = token.fields(&output.stdout, &material, &token.nonce, &[bytes; 12]);
        assert_imported(&api, fields, &material).await;

        let mut node = Command::new("node");
        node.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/other_tools/import.mjs"));
        node.args(["payload", "nonce"].map(|name| retrieved[name].as_str().expect("text")));
        let fields = said(node.arg(Base64::encode_string(&material)));
        assert_imported(&api, serde_json::from_str(&fields).expect("JSON"), &material).await;
    }
}
