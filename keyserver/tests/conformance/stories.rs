//! The stories of `stories/`, each told with IBM's Node and Python SDKs to a server of its own.
//!
//! The names of the first ones are the founding document's: its steps 1 to 4, then "Working with customer-managed keys".

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    thread,
};

use serde_json::Value;

use crate::{beside, calls::send, matrix, process::Running, trees};

macro_rules! stories {
    ($($name:ident)+) => {
        $(#[test] fn $name() { drop(tell(stringify!($name))); })+
        const STORIES: &[&str] = &[$(stringify!($name)),+];
    };
}

stories! {
    step_1_create_the_key_protect_instance
    step_2_create_a_root_key
    step_2_import_a_root_key
    step_3_grant_service_access
    step_4_encrypt_the_service_data
    temporarily_prevent_access_to_your_data
    restore_temporary_access
    permanently_prevent_access_to_your_data
    rotating_keys
    identify_which_key_is_encrypting_your_service_instance
    access_of_a_service_id
    identities
    aliases
    key_rings
    registrations
    import_tokens
    lists
    what_live_tests_expect
    two_root_keys
    policies_of_an_instance
    first_policies
    network_of_an_instance
    deletion_by_two_people
}

/// What Activity Tracker is told, whoever asks with whatever client.
#[test]
fn activity_tracker_events() {
    let events = tell("activity_tracker_events");
    for (action, outcome, severity, status) in [
        ("kms.secrets.create", "success", "normal", 201),
        ("kms.secrets.wrap", "success", "normal", 200),
        ("kms.secrets.unwrap", "failure", "normal", 422),
        ("kms.secrets.rotate", "success", "warning", 204),
        ("kms.secrets.disable", "success", "warning", 204),
        ("kms.secrets.wrap", "failure", "warning", 409),
        ("kms.secrets.delete", "failure", "critical", 401),
        ("kms.secrets.delete", "success", "critical", 204),
        ("iam-am.policy.create", "success", "warning", 201),
    ] {
        let is_it = |event: &&Value| {
            event["action"] == action
                && event["outcome"] == outcome
                && event["severity"] == severity
                && event["reason"]["reasonCode"] == status
        };
        // Once by each of the two clients.
        assert_eq!(events.iter().filter(is_it).count(), 2, "{action} {outcome} {severity} {status}: {events:#?}");
    }
    let refused = events.iter().find(|event| event["reason"]["reasonCode"] == 401).expect("a refusal");
    assert!(refused["initiator"]["id"].as_str().is_some_and(|id| id.starts_with("iam-ServiceId-")), "{refused}");
    assert!(
        refused["requestData"]["requestURI"].as_str().is_some_and(|uri| uri.starts_with("/api/v2/keys/")),
        "{refused}"
    );
}

#[test]
fn every_file_is_told() {
    let files = fs::read_dir(beside("stories")).expect("stories").map(|file| file.expect("a file").path());
    let told: BTreeSet<_> = files.filter_map(|file| Some(file.file_stem()?.to_str()?.to_owned())).collect();
    let helpers = ["clients", "clients_2"];
    for name in told.iter().filter(|name| !helpers.contains(&name.as_str())) {
        assert!(
            name.starts_with("activity_tracker_events") || STORIES.iter().any(|story| name.starts_with(story)),
            "nobody tells {name}"
        );
    }
}

/// Tells the story in each language it is written in, at the same time; returns the events of what was done.
fn tell(name: &str) -> Vec<Value> {
    let data = tempfile::tempdir().expect("a directory");
    let server = Running::start(data.path());
    let tellings: Vec<_> = tellings(name).collect();
    assert!(!tellings.is_empty(), "there is no story {name}");
    thread::scope(|scope| {
        let told: Vec<_> =
            tellings.into_iter().map(|(file, story)| (file, scope.spawn(|| listen(&server, story)))).collect();
        for (file, story) in told {
            let output = story.join().expect("told");
            assert!(output.status.success(), "{file}:\n{}", String::from_utf8_lossy(&output.stderr));
        }
    });
    let (_, _, document) = send(&server, "GET", "/openapi.json", &[], "");
    let (status, logs) = server.stop();
    assert!(status.success(), "stopped with {status}");
    let events = events(data.path());
    matrix::note(name, &logs, &events, &document);
    events
}

/// All events that the server has kept.
fn events(data: &Path) -> Vec<Value> {
    let database = rusqlite::Connection::open(data.join("keyserver.db")).expect("the database");
    let mut statement = database.prepare("SELECT event FROM events ORDER BY rowid").expect("a table");
    let rows = statement.query_map([], |row| row.get::<_, String>(0)).expect("rows");
    rows.map(|event| serde_json::from_str(&event.expect("text")).expect("JSON")).collect()
}

/// Which files tell a story, and what runs them: `.mjs` with both Node SDKs, `.py` with both newer Python SDKs, `_2.py` with the
/// older one.
pub(crate) fn tellings(name: &str) -> impl Iterator<Item = (String, Command)> {
    let trees = trees();
    let node = Command::new("node");
    let mut python = Command::new(trees.join("python-keyprotect-3/bin/python"));
    python.env("PYTHONPATH", site_packages());
    let python_2 = Command::new(trees.join("python-keyprotect-2/bin/python"));
    [("mjs", node), ("py", python), ("2.py", python_2)].into_iter().filter_map(move |(ending, mut program)| {
        let separator = if ending == "2.py" { '_' } else { '.' };
        let file = format!("{name}{separator}{ending}");
        let path = beside("stories").join(&file);
        program.arg(&path).env("PYTHONDONTWRITEBYTECODE", "1");
        path.is_file().then_some((file, program))
    })
}

/// Where the tree of the platform SDK has its packages, for a story that uses it beside another SDK.
fn site_packages() -> PathBuf {
    let lib = trees().join("python-platform-services/lib");
    let versions = fs::read_dir(&lib).unwrap_or_else(|_| panic!("{} is not there", lib.display()));
    let version = versions.flatten().next().expect("one version of Python");
    version.path().join("site-packages")
}

pub(crate) fn listen(server: &Running, mut story: Command) -> Output {
    for field in ["url", "api_key", "account", "instance", "region"] {
        story.env(format!("ENVELOCK_{}", field.to_uppercase()), server.said(field));
    }
    story.output().expect("the story runs")
}
