//! PostgreSQL goes away while the server works, and comes back: refusals are clear, the server is not restarted, and what it
//! acknowledged is there.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    cluster::Cluster,
    database::Database,
    done, keyserver,
    patient::{Client, Dice},
    process::Running,
};

/// How soon the server takes changes again.
const RECOVERY: Duration = Duration::from_secs(10);

fn create(client: &Client, dice: &mut Dice) -> (u16, Value) {
    let key = json!({"name": "a key", "extractable": false});
    client.create(key, &dice.uuid()).expect("an answer: the server lives")
}

fn code(body: &Value) -> &str {
    body["resources"][0]["reasons"][0]["code"].as_str().unwrap_or_default()
}

/// What clients that made keys all the time were answered.
#[derive(Default)]
struct Answers {
    made: Vec<String>,
    refused: BTreeMap<String, usize>,
}

/// Makes keys from four clients while `what` happens, and until then a little.
fn under_load(client: &Client, what: impl FnOnce()) -> Answers {
    let (answers, stop) = (Mutex::new(Answers::default()), AtomicBool::new(false));
    thread::scope(|scope| {
        for number in 1..5 {
            let (answers, stop) = (&answers, &stop);
            scope.spawn(move || {
                let mut dice = Dice(number * 0x9e37_79b9);
                while !stop.load(Ordering::Relaxed) {
                    let (status, body) = create(client, &mut dice);
                    let mut answers = answers.lock().expect("sound");
                    match status {
                        201 => answers.made.push(body["resources"][0]["id"].as_str().expect("an id").to_owned()),
                        503 => *answers.refused.entry(code(&body).to_owned()).or_default() += 1,
                        _ => panic!("{status} {body}"),
                    }
                }
            });
        }
        thread::sleep(Duration::from_millis(500));
        what();
        thread::sleep(Duration::from_millis(500));
        stop.store(true, Ordering::Relaxed);
    });
    answers.into_inner().expect("sound")
}

/// Waits until the server takes changes again.
fn recovered(client: &Client) {
    let (began, mut dice) = (Instant::now(), Dice(3));
    while create(client, &mut dice).0 != 201 {
        assert!(began.elapsed() < RECOVERY, "it does not come back");
        thread::sleep(Duration::from_millis(50));
    }
    println!("changes are taken again after {:?}", began.elapsed());
}

/// Every key that was acknowledged is there, each key has its event, and the trail is whole.
fn nothing_is_lost(data: &Path, url: &str, answers: &Answers) {
    let database = Database::open(data, Some(url));
    for key in &answers.made {
        assert_eq!(database.number(&format!("SELECT count(*) FROM keys WHERE id = {}", database.id(key))), 1, "{key}");
    }
    let made =
        "(SELECT count(*) FROM events WHERE action = 'kms.secrets.create' AND event::json ->> 'outcome' = 'success')";
    let rows = database.rows(&format!("SELECT {made}, count(*) FROM keys"));
    assert_eq!(rows[0][0], rows[0][1], "each key has its event");
    done(keyserver("verify-audit", data, url, &[]));
    println!("{} keys acknowledged, none lost; refused: {:?}", answers.made.len(), answers.refused);
}

#[test]
fn a_database_that_crashes_is_told_and_gone_on_with() {
    let (cluster, data) = (Cluster::start(), tempfile::tempdir().expect("a directory"));
    let url = cluster.url("");
    let server = Running::start_with(data.path(), Some(&format!("--database-url={url}")));
    let client = Client::of(&server, server.said("api_key"));
    let answers = under_load(&client, || {
        cluster.stop();
        thread::sleep(Duration::from_millis(500));
        let (status, body) = create(&client, &mut Dice(5));
        assert_eq!((status, code(&body)), (503, "STORE_UNREACHABLE_ERR"), "{body}");
        assert!(!body.to_string().contains("127.0.0.1"), "callers are not told where the database is: {body}");
        assert_eq!(client.send("GET", "/ready", &[], "").expect("an answer").0, 503);
        assert_eq!(client.send("GET", "/health", &[], "").expect("an answer").0, 200);
        cluster.resume();
        recovered(&client);
    });
    assert!(!answers.made.is_empty());
    assert_eq!(answers.refused.keys().collect::<Vec<_>>(), ["STORE_UNREACHABLE_ERR"]);
    // What it found before counts for a second.
    thread::sleep(Duration::from_secs(1));
    assert_eq!(client.send("GET", "/ready", &[], "").expect("an answer").0, 200);
    nothing_is_lost(data.path(), &url, &answers);
    let (status, logs) = server.stop();
    assert!(status.success() && logs.contains("PostgreSQL"), "{status} {logs}");
}

#[test]
fn connections_that_are_cut_under_load_cost_at_most_the_requests_on_them() {
    let (cluster, data) = (Cluster::start(), tempfile::tempdir().expect("a directory"));
    let url = cluster.url("");
    let server = Running::start_with(data.path(), Some(&format!("--database-url={url}")));
    let client = Client::of(&server, server.said("api_key"));
    let database = Database::open(data.path(), Some(&url));
    let mut cut = 0;
    let answers = under_load(&client, || {
        for _ in 0..20 {
            cut += database.number(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'envelock-keyserver'",
            );
            thread::sleep(Duration::from_millis(100));
        }
        recovered(&client);
    });
    assert!(cut >= 20, "{cut} connections were cut");
    println!("{cut} connections cut");
    assert!(answers.refused.keys().all(|code| code == "STORE_UNREACHABLE_ERR"), "{:?}", answers.refused);
    nothing_is_lost(data.path(), &url, &answers);
    assert!(server.stop().0.success());
}

#[test]
fn a_server_stops_in_time_also_while_its_database_is_away() {
    let (cluster, data) = (Cluster::start(), tempfile::tempdir().expect("a directory"));
    let flags = [format!("--database-url={}", cluster.url("")), "--drain-timeout=5".to_owned()];
    let server = Running::start_with_flags(data.path(), &flags.each_ref().map(String::as_str));
    cluster.stop();
    let began = Instant::now();
    let (status, logs) = server.stop();
    assert!(status.success(), "{status} {logs}");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}
