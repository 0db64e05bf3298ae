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

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    database::{self, Database},
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

/// Where a server keeps everything: a directory, and the database of the test run.
struct Home {
    data: TempDir,
    url: Option<String>,
}

impl Home {
    fn new() -> Self {
        Self { data: tempfile::tempdir().expect("a directory"), url: database::fresh() }
    }

    fn flag(&self) -> Option<String> {
        self.url.as_ref().map(|url| format!("--database-url={url}"))
    }

    fn start(&self) -> Running {
        Running::start_with(self.data.path(), self.flag().as_deref())
    }

    fn tables(&self) -> Database {
        Database::open(self.data.path(), self.url.as_deref())
    }
}

/// A field of an event, in a statement.
fn field(database: &Database, name: &str) -> String {
    let json = if database.is_postgres() { "::json" } else { "" };
    format!("(event{json} ->> '{name}')")
}

/// Everything acknowledged is there, and nothing is half there.
fn verify(database: &Database, done: &Acknowledged) {
    let counted = |sql: &str| -> HashMap<String, i64> {
        let row = |row: Vec<String>| (row[0].to_lowercase().replace('-', ""), row[1].parse().expect("a number"));
        database.rows(sql).into_iter().map(row).collect()
    };
    let id = database.hex("id");
    let states = counted(&format!("SELECT {id}, state FROM keys"));
    let versions =
        counted(&format!("SELECT {id}, (SELECT count(*) FROM key_versions WHERE key_id = keys.id) FROM keys"));
    let correlation = field(database, "correlationId");
    let events = counted(&format!("SELECT {correlation}, count(*) FROM events GROUP BY 1"));
    let bare = |id: &String| id.replace('-', "");
    let lost: Vec<_> = done.created.iter().filter(|key| !states.contains_key(&bare(key))).collect();
    assert_eq!(lost, Vec::<&String>::new(), "keys that were acknowledged and are not there");
    let undone: Vec<_> = done.deleted.iter().filter(|key| states.get(&bare(key)) != Some(&5)).collect();
    assert_eq!(undone, Vec::<&String>::new(), "deletions that were acknowledged and are not done");
    for (key, count) in &done.rotated {
        assert!(versions[&bare(key)] > *count, "{key}: a rotation that was acknowledged is lost");
    }
    let silent: Vec<_> = done.answered.iter().filter(|id| !events.contains_key(&bare(id))).collect();
    assert_eq!(silent, Vec::<&String>::new(), "answers without an audit event");
    // A change and its event are one. One query, as what a dead server had sent to its database may still be carried out.
    let happened = |action: &str| {
        let outcome = field(database, "outcome");
        format!("(SELECT count(*) FROM events WHERE action = 'kms.secrets.{action}' AND {outcome} = 'success')")
    };
    for (action, changes) in [
        ("create", "(SELECT count(*) FROM keys)"),
        ("delete", "(SELECT count(*) FROM keys WHERE state = 5)"),
        ("rotate", "(SELECT count(*) FROM key_versions) - (SELECT count(*) FROM keys)"),
    ] {
        let rows = database.rows(&format!("SELECT {}, {changes}", happened(action)));
        assert_eq!(rows[0][0], rows[0][1], "{action}: events, and changes");
    }
    if !database.is_postgres() {
        assert_eq!(database.value("PRAGMA integrity_check"), "ok");
    }
}

#[test]
fn what_was_acknowledged_survives_kills_under_load() {
    let home = Home::new();
    let mut server = home.start();
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
        server = home.start();
        slowest = slowest.max(began.elapsed());
        verify(&home.tables(), &done);
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
        "{} kills on {}: {} keys, {} rotations, {} deletions, {} data keys and {} answers acknowledged, none lost; slowest start {slowest:?}",
        kills(),
        if home.url.is_some() { "PostgreSQL" } else { "SQLite" },
        done.created.len(),
        done.rotated.values().sum::<i64>(),
        done.deleted.len(),
        done.wrapped.len(),
        done.answered.len()
    );
    assert!(done.answered.len() as u64 > kills(), "there was a load");
    assert!(slowest < ready_within(), "{slowest:?}");
    server.stop();
    assert_sound_with(home.data.path(), home.flag().as_deref());
}

/// `fsck` finds nothing.
pub(crate) fn assert_sound(data: &Path) {
    assert_sound_with(data, None);
}

fn assert_sound_with(data: &Path, flag: Option<&str>) {
    let mut fsck = Command::new(env!("CARGO_BIN_EXE_envelock-keyserver"));
    let fsck = fsck.arg("fsck").arg("--data").arg(data).args(flag).output().expect("it runs");
    assert!(fsck.status.success(), "{}", String::from_utf8_lossy(&fsck.stdout));
}

#[test]
fn a_server_with_a_hundred_thousand_keys_is_ready_at_once() {
    let home = Home::new();
    let server = home.start();
    let client = Client::of(&server, server.said("api_key"));
    let (status, _) =
        client.create(json!({"name": "a key", "extractable": false}), &Dice(7).uuid()).expect("an answer");
    assert_eq!(status, 201);
    server.stop();
    multiply(&home.tables(), 100_000);
    let began = Instant::now();
    let server = home.start();
    let ready = began.elapsed();
    println!("ready with 100,001 keys after {ready:?}");
    assert!(ready < ready_within(), "{ready:?}");
    server.stop();
}

/// So many copies of the one key that there is.
fn multiply(database: &Database, count: u32) {
    let (random, numbers, columns) = if database.is_postgres() {
        (
            "uuid_send(gen_random_uuid())",
            format!("SELECT uuid_send(gen_random_uuid()) AS id FROM generate_series(1, {count})"),
            "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name =",
        )
    } else {
        (
            "randomblob(16)",
            format!(
                "WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < {count}) \
                 SELECT randomblob(16) AS id FROM n"
            ),
            "SELECT columns.name FROM sqlite_schema tables JOIN pragma_table_info(tables.name) columns WHERE tables.name =",
        )
    };
    let copied = |table: &str, changed: &[(&str, &str)]| {
        let names: Vec<String> =
            database.rows(&format!("{columns} '{table}'")).into_iter().map(|mut row| row.swap_remove(0)).collect();
        let value = |name: &String| {
            let changed = changed.iter().find(|(column, _)| column == name);
            changed.map_or(format!("original.{name}"), |(_, sql)| (*sql).to_owned())
        };
        let values: Vec<String> = names.iter().map(value).collect();
        let (names, values) = (names.join(", "), values.join(", "));
        format!("INSERT INTO {table} ({names}) SELECT {values} FROM numbers, {table} AS original;")
    };
    let keys = copied("keys", &[("id", "numbers.id")]);
    let versions = copied("key_versions", &[("key_id", "numbers.id"), ("id", random)]);
    database.batch(&format!("BEGIN; CREATE TEMP TABLE numbers AS {numbers}; {keys} {versions} COMMIT;"));
}
