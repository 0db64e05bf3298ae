//! The real server with a token: what is where afterwards.

use base64ct::{Base64, Encoding};
use serde_json::{Value, json};

use crate::{
    calls::{send, token as access_token},
    process::Running,
    support::envelope,
    token::{LABEL, MODULE, PIN, SoftToken, everything_in},
};

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn no_material_is_in_the_database_the_logs_or_in_the_clear_in_the_token() {
    let (token, data) = (SoftToken::new(), tempfile::tempdir().expect("a directory"));
    let (configuration, pin_file) = (token.configuration(), token.pin_file());
    let [configuration, pin_file] = [&configuration, &pin_file].map(|path| path.to_str().expect("text"));
    let flags = ["--custody", "pkcs11", "--pkcs11-module", MODULE, "--pkcs11-token-label", LABEL];
    let flags = flags.into_iter().chain(["--pkcs11-pin-file", pin_file]);
    let server = Running::start_in(data.path(), flags, &[("SOFTHSM2_CONF", configuration)]);
    let bearer = format!("Bearer {}", access_token(&server, server.said("api_key")));
    let headers = [("authorization", bearer.as_str()), ("bluemix-instance", server.said("instance"))];
    let call = |method: &str, path: &str, body: &Value, expected: u16| {
        let (status, _, answer) = send(&server, method, path, &headers, &body.to_string());
        assert_eq!(status, expected, "{method} {path}: {answer}");
        answer
    };
    let text = |value: &Value| value.as_str().expect("text").to_owned();

    let materials: [Vec<u8>; 2] = [(0..32).map(|n| n * 7 + 3).collect(), (0..24).map(|n| n * 9 + 5).collect()];
    let payload = |n: usize| Base64::encode_string(&materials[n]);
    let make = |fields: Value| text(&call("POST", "/api/v2/keys", &envelope(fields), 201)["resources"][0]["id"]);
    let generated = make(json!({"name": "generated", "extractable": false}));
    let imported = make(json!({"name": "imported", "extractable": false, "payload": payload(0)}));
    let mut deks = Vec::new();
    for (id, rotation) in [(&generated, Value::Null), (&imported, json!({"payload": payload(1)}))] {
        let action = |name: &str| format!("/api/v2/keys/{id}/actions/{name}");
        let wrapped = call("POST", &action("wrap"), &json!({"aad": ["t"]}), 200);
        let given = json!({"ciphertext": wrapped["ciphertext"], "aad": ["t"]});
        assert_eq!(call("POST", &action("unwrap"), &given, 200)["plaintext"], wrapped["plaintext"]);
        call("POST", &action("rotate"), &rotation, 204);
        assert_eq!(call("POST", &action("unwrap"), &given, 200)["plaintext"], wrapped["plaintext"]);
        let fresh = call("POST", &action("rewrap"), &given, 200);
        let given = json!({"ciphertext": fresh["ciphertext"], "aad": ["t"]});
        assert_eq!(call("POST", &action("unwrap"), &given, 200)["plaintext"], wrapped["plaintext"]);
        call("POST", &action("unwrap"), &json!({"ciphertext": fresh["ciphertext"], "aad": ["u"]}), 422);
        call("DELETE", &format!("/api/v2/keys/{id}"), &Value::Null, 204);
        deks.push(text(&wrapped["plaintext"]));
    }

    let (status, logs) = server.stop();
    assert!(status.success(), "stopped with {status}");
    let objects = token.root_keys();
    assert_eq!(objects.len(), 4);
    let inside = |object: &&String| object.contains("always sensitive, never extractable, local");
    assert_eq!(objects.iter().filter(inside).count(), 2, "{objects:?}");
    let (written, stored) = ([everything_in(data.path()), logs.into_bytes()].concat(), token.stored());
    for material in &materials {
        for form in [material.clone(), Base64::encode_string(material).into_bytes()] {
            assert!(!holds(&written, &form) && !holds(&stored, &form));
        }
    }
    for dek in deks {
        assert!(!holds(&written, dek.as_bytes()) && !holds(&written, &Base64::decode_vec(&dek).expect("base64")));
    }
    assert!(!holds(&written, PIN.as_bytes()));
}
