//! The whole process under another clock, by `faketime`: forward, back, and forward again.

use std::{fs, path::Path};

use serde_json::json;

use crate::{
    kill::assert_sound,
    patient::{Client, Dice},
    process::Running,
};

/// The library that the command `faketime` loads. The command itself would stand between the test and the server.
fn library() -> String {
    let folders = fs::read_dir("/usr/lib").expect("a folder").map(|entry| entry.expect("an entry").path());
    let library = folders.map(|folder| folder.join("faketime/libfaketime.so.1")).find(|path| path.exists());
    library.expect("the Debian package faketime is installed").display().to_string()
}

fn start_at(data: &Path, offset: &str) -> Running {
    // The wall clock only: what waits for a while goes by the other one, which does not jump.
    let variables = [("LD_PRELOAD", &*library()), ("FAKETIME", offset), ("FAKETIME_DONT_FAKE_MONOTONIC", "1")];
    Running::start_in(data, [], &variables)
}

#[test]
fn a_clock_that_jumps_costs_tokens_and_no_keys() {
    let data = tempfile::tempdir().expect("a directory");
    let mut dice = Dice(11);
    let server = Running::start(data.path());
    let api_key = server.said("api_key").to_owned();
    let mut client = Client::of(&server, &api_key);
    let (status, made) =
        client.create(json!({"name": "a key", "extractable": false}), &dice.uuid()).expect("an answer");
    assert_eq!(status, 201);
    let key = format!("/api/v2/keys/{}", made["resources"][0]["id"].as_str().expect("an id"));
    let (_, wrapped) = client.send("POST", &format!("{key}/actions/wrap"), &[], "{}").expect("an answer");
    let body = json!({"ciphertext": wrapped["ciphertext"]}).to_string();
    server.stop();
    for offset in ["+400d", "-3650d", "+0d", "+2h", "-2h"] {
        let server = start_at(data.path(), offset);
        let mut now = Client::of(&server, &api_key);
        let unwrap = format!("{key}/actions/unwrap");
        client.address.clone_from(&now.address);
        // A token of another time does not count: expired, or from the future.
        if offset != "+0d" {
            let (status, body) = client.send("GET", "/api/v2/keys", &[], "").expect("an answer");
            assert_eq!(status, 401, "{offset}: {body}");
        }
        let (status, opened) = now.send("POST", &unwrap, &[], &body).expect("an answer");
        assert_eq!((status, &opened["plaintext"]), (200, &wrapped["plaintext"]), "{offset}");
        let (status, body) =
            now.create(json!({"name": format!("at {offset}"), "extractable": false}), &dice.uuid()).expect("an answer");
        assert_eq!(status, 201, "{offset}: {body}");
        std::mem::swap(&mut client, &mut now);
        server.stop();
    }
    assert_sound(data.path());
}
