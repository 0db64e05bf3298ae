//! The server is killed at random moments under load. A client notes what was acknowledged.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use crate::{
    patient::{Client, Dice},
    process::Running,
};

const CLIENTS: u64 = 4;
/// Beside other tests on a busy machine; the long run demands two seconds.
const PATIENCE: Duration = Duration::from_secs(20);

fn kills() -> u64 {
    std::env::var("ENVELOCK_FAULT_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(10)
}

fn ready_within() -> Duration {
    if std::env::var_os("ENVELOCK_FAULT_KILLS").is_some() { Duration::from_secs(2) } else { PATIENCE }
}

/// What the server said it had done.
#[derive(Default)]
struct Acknowledged {
    created: HashSet<String>,
    deleted: HashSet<String>,
    /// Rotations of a key.
    rotated: HashMap<String, i64>,
    /// Data keys by key: ciphertext and plaintext.
    wrapped: Vec<(String, Value)>,
    /// Ids of requests that were answered, whatever the answer.
    answered: HashSet<String>,
}

impl Acknowledged {
    fn add(&mut self, other: Self) {
        self.created.extend(other.created);
        self.deleted.extend(other.deleted);
        for (key, count) in other.rotated {
            *self.rotated.entry(key).or_default() += count;
        }
        self.wrapped.extend(other.wrapped);
        self.answered.extend(other.answered);
    }
}

/// Makes keys, uses, rotates and deletes them until the server is gone.
fn work(client: &Client, seed: u64, stop: &AtomicBool) -> Acknowledged {
    let (mut dice, mut done, mut own) = (Dice(seed), Acknowledged::default(), Vec::<String>::new());
    while !stop.load(Ordering::Relaxed) {
        let correlation = dice.uuid();
        let headers = [("correlation-id", correlation.as_str())];
        let key = (!own.is_empty()).then(|| own[dice.below(own.len() as u64) as usize].clone());
        let path = |key: &str, rest: &str| format!("/api/v2/keys/{key}{rest}");
        let answer = match (dice.below(6), key) {
            (2, Some(key)) => {
                client.send("POST", &path(&key, "/actions/rotate"), &headers, "").inspect(|(status, _)| {
                    if *status == 204 {
                        *done.rotated.entry(key).or_default() += 1;
                    }
                })
            }
            (3, Some(key)) => client.send("DELETE", &path(&key, ""), &headers, "").inspect(|(status, _)| {
                if *status == 204 {
                    own.retain(|other| *other != key);
                    done.deleted.insert(key);
                }
            }),
            (4 | 5, Some(key)) => {
                client.send("POST", &path(&key, "/actions/wrap"), &headers, "{}").inspect(|(status, body)| {
                    if *status == 200 {
                        done.wrapped.push((key, body.clone()));
                    }
                })
            }
            _ => {
                client.create(json!({"name": "a key", "extractable": false}), &correlation).inspect(|(status, body)| {
                    if *status == 201 {
                        let id = body["resources"][0]["id"].as_str().expect("an id").to_owned();
                        done.created.insert(id.clone());
                        own.push(id);
                    }
                })
            }
        };
        if let Some((status, body)) = answer {
            assert!(status < 500, "{status} {body}");
            done.answered.insert(correlation);
        }
    }
    done
}

fn database(data: &Path) -> Connection {
    Connection::open_with_flags(data.join("keyserver.db"), OpenFlags::SQLITE_OPEN_READ_ONLY).expect("a database")
}

fn ids(database: &Connection, sql: &str) -> HashMap<String, i64> {
    let mut rows = database.prepare(sql).expect("a query");
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
    rows.collect::<Result<_, _>>().expect("rows")
}

/// An id as it is in texts.
const ID: &str =
    "lower(substr(hex(id), 1, 8) || '-' || substr(hex(id), 9, 4) || '-' || substr(hex(id), 13, 4) || '-' ||
    substr(hex(id), 17, 4) || '-' || substr(hex(id), 21))";

/// Everything acknowledged is there, and nothing is half there.
fn verify(data: &Path, done: &Acknowledged) {
    let database = database(data);
    let states = ids(&database, &format!("SELECT {ID}, state FROM keys"));
    let versions =
        ids(&database, &format!("SELECT {ID}, (SELECT count(*) FROM key_versions WHERE key_id = keys.id) FROM keys"));
    let events = ids(&database, "SELECT event ->> 'correlationId', count(*) FROM events GROUP BY 1");
    let lost: Vec<_> = done.created.iter().filter(|key| !states.contains_key(*key)).collect();
    assert_eq!(lost, Vec::<&String>::new(), "keys that were acknowledged and are not there");
    let undone: Vec<_> = done.deleted.iter().filter(|key| states.get(*key) != Some(&5)).collect();
    assert_eq!(undone, Vec::<&String>::new(), "deletions that were acknowledged and are not done");
    for (key, count) in &done.rotated {
        assert!(versions[key] > *count, "{key}: a rotation that was acknowledged is lost");
    }
    let silent: Vec<_> = done.answered.iter().filter(|id| !events.contains_key(*id)).collect();
    assert_eq!(silent, Vec::<&String>::new(), "answers without an audit event");
    // A change and its event are one.
    let count = |sql: &str| database.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("a count");
    let happened = |action: &str| {
        count(&format!("SELECT count(*) FROM events WHERE action = '{action}' AND event ->> 'outcome' = 'success'"))
    };
    assert_eq!(happened("kms.secrets.create"), count("SELECT count(*) FROM keys"));
    assert_eq!(happened("kms.secrets.delete"), count("SELECT count(*) FROM keys WHERE state = 5"));
    let more = count("SELECT count(*) FROM key_versions") - count("SELECT count(*) FROM keys");
    assert_eq!(happened("kms.secrets.rotate"), more);
    assert_eq!(count("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
}

#[test]
fn what_was_acknowledged_survives_kills_under_load() {
    let data = tempfile::tempdir().expect("a directory");
    let mut server = Running::start(data.path());
    let api_key = server.said("api_key").to_owned();
    let (mut dice, mut done, mut slowest) = (Dice(0x9e37_79b9_7f4a_7c15), Acknowledged::default(), Duration::ZERO);
    for round in 0..kills() {
        let client = Client::of(&server, &api_key);
        let stop = Arc::new(AtomicBool::new(false));
        let clients = (1..=CLIENTS).map(|number| {
            let (client, stop) = (client.clone(), Arc::clone(&stop));
            thread::spawn(move || work(&client, (round * CLIENTS + number).wrapping_mul(0x1234_5678_9abc_def1), &stop))
        });
        let clients: Vec<_> = clients.collect();
        thread::sleep(Duration::from_millis(50 + dice.below(400)));
        // As a power cut would end it.
        drop(server);
        stop.store(true, Ordering::Relaxed);
        for client in clients {
            done.add(client.join().expect("no answer was an error of the server"));
        }
        let began = Instant::now();
        server = Running::start(data.path());
        slowest = slowest.max(began.elapsed());
        verify(data.path(), &done);
        // The last data key of the round opens.
        if let Some((key, wrapped)) = done.wrapped.iter().rfind(|(key, _)| !done.deleted.contains(key)) {
            let body = json!({"ciphertext": wrapped["ciphertext"]}).to_string();
            let path = format!("/api/v2/keys/{key}/actions/unwrap");
            let (status, opened) = Client::of(&server, &api_key).send("POST", &path, &[], &body).expect("an answer");
            // A deletion may have been done and not acknowledged.
            assert!(status == 410 || opened["plaintext"] == wrapped["plaintext"], "{status} {opened}");
        }
    }
    println!(
        "{} kills: {} keys, {} rotations, {} deletions, {} data keys and {} answers acknowledged, none lost; slowest start {slowest:?}",
        kills(),
        done.created.len(),
        done.rotated.values().sum::<i64>(),
        done.deleted.len(),
        done.wrapped.len(),
        done.answered.len()
    );
    assert!(done.answered.len() as u64 > kills(), "there was a load");
    assert!(slowest < ready_within(), "{slowest:?}");
    server.stop();
    assert_sound(data.path());
}

/// `fsck` finds nothing.
pub(crate) fn assert_sound(data: &Path) {
    let fsck = Command::new(env!("CARGO_BIN_EXE_envelock-keyserver")).arg("fsck").arg("--data").arg(data).output();
    let fsck = fsck.expect("it runs");
    assert!(fsck.status.success(), "{}", String::from_utf8_lossy(&fsck.stdout));
}

#[test]
fn a_server_with_a_hundred_thousand_keys_is_ready_at_once() {
    let data = tempfile::tempdir().expect("a directory");
    let server = Running::start(data.path());
    let client = Client::of(&server, server.said("api_key"));
    let (status, _) =
        client.create(json!({"name": "a key", "extractable": false}), &Dice(7).uuid()).expect("an answer");
    assert_eq!(status, 201);
    server.stop();
    let database = Connection::open(data.path().join("keyserver.db")).expect("a database");
    let columns = |table: &str| {
        let mut names = database.prepare("SELECT name FROM pragma_table_info(?)").expect("a query");
        let names = names.query_map([table], |row| row.get::<_, String>(0)).expect("names");
        names.collect::<Result<Vec<_>, _>>().expect("names")
    };
    let copied = |table: &str, changed: &[(&str, &str)]| {
        let value = |name: &String| {
            changed
                .iter()
                .find(|(column, _)| column == name)
                .map_or(format!("original.{name}"), |(_, sql)| (*sql).to_owned())
        };
        let values: Vec<String> = columns(table).iter().map(value).collect();
        format!("INSERT INTO {table} SELECT {} FROM numbers, {table} AS original", values.join(", "))
    };
    database
        .execute_batch(&format!(
            "BEGIN;
             CREATE TEMP TABLE numbers AS WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 100000)
                 SELECT randomblob(16) AS id FROM n;
             {};
             {};
             COMMIT;",
            copied("keys", &[("id", "numbers.id")]),
            copied("key_versions", &[("key_id", "numbers.id"), ("id", "randomblob(16)")])
        ))
        .expect("100,000 keys");
    drop(database);
    let began = Instant::now();
    let server = Running::start(data.path());
    let ready = began.elapsed();
    println!("ready with 100,001 keys after {ready:?}");
    assert!(ready < ready_within(), "{ready:?}");
    server.stop();
}
