//! Clients that are slow, half gone, too large or make no sense, while others are served.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    kill::assert_sound,
    patient::{Client, Dice},
    process::Running,
};

const INPUTS: u64 = 1000;
const SLOW: usize = 200;

/// Sends bytes and says what status comes back, if any.
fn provoke(address: &str, bytes: &[u8]) -> Option<u16> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_millis(300))).ok()?;
    // The server may have closed already.
    stream.write_all(bytes).ok();
    stream.shutdown(std::net::Shutdown::Write).ok();
    let mut start = [0; 12];
    stream.read_exact(&mut start).ok()?;
    str::from_utf8(&start).ok()?.split(' ').nth(1)?.parse().ok()
}

/// Something that resembles a request less or more.
fn nonsense(client: &Client, dice: &mut Dice) -> Vec<u8> {
    let body = json!({
        "metadata": {"collectionType": "application/vnd.ibm.kms.key+json", "collectionTotal": 1},
        "resources": [{"type": "application/vnd.ibm.kms.key+json", "name": "nonsense", "extractable": false}],
    })
    .to_string();
    let head = |method: &str, path: &str, length: usize| {
        format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\nbluemix-instance: {}\r\nconnection: close\r\n\
             content-length: {length}\r\n\r\n",
            client.token, client.instance
        )
    };
    let mut bytes = match dice.below(8) {
        0 => (0..dice.below(2000)).map(|_| dice.below(256) as u8).collect(),
        1 => head("GET", &format!("/{}", "a/".repeat(dice.below(5000) as usize)), 0).into_bytes(),
        2 => [head("POST", "/api/v2/keys", usize::MAX).as_bytes(), body.as_bytes()].concat(),
        3 => [head("POST", "/api/v2/keys", body.len() + 50).as_bytes(), body.as_bytes()].concat(),
        4 => {
            let deep = "[".repeat(dice.below(100_000) as usize);
            [head("POST", "/api/v2/keys", deep.len()).as_bytes(), deep.as_bytes()].concat()
        }
        5 => {
            let large = "x".repeat(300_000);
            [head("POST", "/api/v2/keys", large.len()).as_bytes(), large.as_bytes()].concat()
        }
        6 => head("GET", "/api/v2/keys?limit=%ff%00&search=%2525&filter=%22", 0).into_bytes(),
        _ => [head("POST", "/api/v2/keys", body.len()).as_bytes(), body.as_bytes()].concat(),
    };
    for _ in 0..dice.below(4) {
        if !bytes.is_empty() {
            let place = dice.below(bytes.len() as u64) as usize;
            bytes[place] = dice.below(256) as u8;
        }
    }
    bytes
}

#[test]
fn misbehaving_clients_get_an_answer_or_none_and_others_are_served() {
    let data = tempfile::tempdir().expect("a directory");
    let server = Running::start(data.path());
    let client = Client::of(&server, server.said("api_key"));
    // Half a request each, and then silence; every other one is gone at once.
    let slow: Vec<TcpStream> = (0..SLOW)
        .filter_map(|number| {
            let mut stream = TcpStream::connect(&client.address).ok()?;
            stream.write_all(b"POST /api/v2/keys HTTP/1.1\r\nhost: x\r\ncontent-le").ok()?;
            (number % 2 == 0).then_some(stream)
        })
        .collect();
    let (mut dice, mut statuses) = (Dice(99), std::collections::BTreeMap::<Option<u16>, u64>::new());
    for _ in 0..INPUTS {
        let status = provoke(&client.address, &nonsense(&client, &mut dice));
        *statuses.entry(status).or_default() += 1;
    }
    println!("{INPUTS} inputs beside {SLOW} slow clients, answered with {statuses:?}");
    let failed: Vec<_> = statuses.keys().flatten().filter(|status| **status >= 500).collect();
    assert_eq!(failed, Vec::<&u16>::new(), "no input is the server's fault");
    let began = Instant::now();
    let (status, _) = client.create(json!({"name": "good", "extractable": false}), &dice.uuid()).expect("an answer");
    assert_eq!(status, 201);
    assert!(began.elapsed() < Duration::from_secs(5), "others are served");
    drop(slow);
    let (ended, logs) = server.stop();
    assert!(ended.success() && !logs.contains("panicked"), "{logs}");
    assert_sound(data.path());
}
