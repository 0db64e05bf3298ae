//! Backups: what is in one, who opens it, and that what comes back is what there was.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use age::secrecy::ExposeSecret;
use axum::http::StatusCode;
use envelock_keyserver::server::{
    Place, VerifyAudit,
    maintenance::{self, BackupOptions, Installation, Lock, MaintenanceError, Opener, RestoreReport},
    verify_audit,
};
use rusqlite::types::Value as Cell;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Api, READER};

/// An installation with something in most of its tables: the API, a root key, a wrapped data key, a stored object.
struct Story {
    api: Api,
    key: String,
    wrapped: Value,
    object: (String, Vec<u8>),
    folder: TempDir,
    identity: PathBuf,
    recipient: String,
}

async fn story() -> Story {
    let api = Api::new().await;
    let key = api.root_key().await;
    let wrapped = api.wrap(&key, json!({"aad": ["tenant"]})).await;
    api.act(&key, "rotate", Value::Null).await.is(StatusCode::NO_CONTENT);
    api.create(json!({"name": "standard", "extractable": true, "aliases": ["an-alias"]})).await;
    api.post("/api/v2/key_rings/blue").send().await.is(StatusCode::CREATED);
    api.post("/api/v2/import_token").json(&json!({})).send().await.is(StatusCode::OK);
    api.someone(&[READER], &[]).await;
    let store = api.encrypted_by(&key).await;
    let message = api.store(&store, "a/b", 5000).await;
    let folder = tempfile::tempdir().expect("a directory");
    let secret = age::x25519::Identity::generate();
    let identity = folder.path().join("identity");
    fs::write(&identity, secret.to_string().expose_secret()).expect("written");
    let object = (store.path("a%2Fb"), message);
    Story { api, key, wrapped, object, recipient: secret.to_public().to_string(), identity, folder }
}

impl Story {
    fn installation(&self) -> Installation {
        Installation { place: self.api.place(), master_key: None }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn options(&self, name: &str) -> BackupOptions {
        let lock = Lock::choose(std::slice::from_ref(&self.recipient), None).expect("a recipient");
        BackupOptions { output: self.file(name), lock, objects: true, master_key: false }
    }

    async fn backup(&self, options: BackupOptions) -> Result<maintenance::BackupReport, MaintenanceError> {
        maintenance::backup(&self.installation(), options, &*self.api.clock).await
    }

    async fn restore(&self, directory: &Path, name: &str) -> Result<RestoreReport, MaintenanceError> {
        let installation =
            Installation { place: Place { directory: directory.to_owned(), database: None }, master_key: None };
        let opener = Opener::choose(Some(&self.identity), None).expect("an identity");
        maintenance::restore(&installation, &self.file(name), opener).await
    }
}

/// Every row of every table.
fn rows(directory: &Path) -> Vec<(String, Vec<Vec<Cell>>)> {
    let database = rusqlite::Connection::open(directory.join("keyserver.db")).expect("a database");
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
    let mut tables = database.prepare(sql).expect("a query");
    let tables: Vec<String> =
        tables.query_map([], |row| row.get(0)).expect("tables").collect::<Result<_, _>>().expect("names");
    let table = |name: String| {
        let mut rows = database
            .prepare(&format!("SELECT * FROM {name} ORDER BY 1, 2"))
            .or_else(|_| database.prepare(&format!("SELECT * FROM {name} ORDER BY 1")));
        let rows = rows.as_mut().expect("a query");
        let width = rows.column_count();
        let cells = |row: &rusqlite::Row<'_>| (0..width).map(|index| row.get(index)).collect::<Result<_, _>>();
        let rows = rows.query_map([], cells).expect("rows").collect::<Result<_, _>>().expect("cells");
        (name, rows)
    };
    tables.into_iter().map(table).collect()
}

#[tokio::test]
async fn a_backup_comes_back_table_by_table_and_its_keys_open() {
    let story = story().await;
    let report = story.backup(story.options("backup.age")).await.expect("a backup");
    assert_eq!(fs::metadata(story.file("backup.age")).expect("a file").permissions().mode() & 0o777, 0o600);

    let elsewhere = tempfile::tempdir().expect("a directory");
    let restored = story.restore(elsewhere.path(), "backup.age").await.expect("restored");
    assert_eq!((restored.rows, restored.objects, restored.master_key), (report.rows, 1, false));
    let after = rows(elsewhere.path());
    let total: usize = after.iter().map(|(_, rows)| rows.len()).sum();
    assert_eq!((report.rows, report.objects), (total as u64, 1));
    assert!(after.iter().filter(|(_, rows)| !rows.is_empty()).count() > 12, "the story fills most tables");
    let before = story.api.tables();
    if before.is_postgres() {
        // It shows flags and bytes in another way.
        for (table, rows) in &after {
            assert_eq!(before.number(&format!("SELECT count(*) FROM {table}")), rows.len() as i64, "{table}");
        }
    } else {
        assert_eq!(rows(story.api.directory()), after);
    }

    fs::copy(story.api.directory().join("master.key"), elsewhere.path().join("master.key")).expect("copied");
    let Story { api, key, wrapped, object, .. } = story;
    let api = api.moved_to(elsewhere).await;
    let again = api.act(&key, "unwrap", json!({"ciphertext": wrapped["ciphertext"], "aad": ["tenant"]})).await;
    assert_eq!(again.is(StatusCode::OK).json["plaintext"], wrapped["plaintext"]);
    assert!(api.get(&object.0).send().await.is(StatusCode::OK).bytes == object.1);
    let sound = Installation { place: api.place(), master_key: None };
    let report = crate::fsck::look(&sound).await.expect("looked at");
    assert_eq!(report.findings, []);
    // The restored server goes on with a chain of its own beside those of the backup.
    api.root_key().await;
    let entropy = envelock_keyserver::server::SystemEntropy;
    let how = VerifyAudit { public_keys: Vec::new(), kept: None, progress: &mut |_| () };
    let verified = verify_audit(&api.place(), &entropy, how).await.expect("it can be read");
    assert!(verified.intact, "{}", verified.text);
}

#[tokio::test]
async fn a_backup_shows_nothing_and_holds_the_master_key_only_if_asked() {
    let story = story().await;
    story.backup(story.options("backup.age")).await.expect("a backup");
    let bytes = fs::read(story.file("backup.age")).expect("a file");
    for secret in ["invoices", "installation", "administrator"] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
    }
    let with = BackupOptions { master_key: true, ..story.options("with-key.age") };
    story.backup(with).await.expect("a backup");
    let elsewhere = tempfile::tempdir().expect("a directory");
    assert!(story.restore(elsewhere.path(), "with-key.age").await.expect("restored").master_key);
    let key = |directory: &Path| fs::read(directory.join("master.key")).expect("a key");
    assert_eq!(key(elsewhere.path()), key(story.api.directory()));
    let mode = fs::metadata(elsewhere.path().join("master.key")).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_passphrase_does_as_well_and_must_be_a_good_one() {
    let story = story().await;
    let file = |name: &str, text: &str, mode| {
        let path = story.file(name);
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("set");
        path
    };
    let good = file("good", "correct horse battery staple\n", 0o600);
    let lock = Lock::choose(&[], Some(&good)).expect("a passphrase");
    story.backup(BackupOptions { lock, ..story.options("backup.age") }).await.expect("a backup");
    let elsewhere = tempfile::tempdir().expect("a directory");
    let installation =
        Installation { place: Place { directory: elsewhere.path().to_owned(), database: None }, master_key: None };
    let restore = async |phrase: PathBuf| {
        let opener = Opener::choose(None, Some(&phrase)).expect("a passphrase");
        maintenance::restore(&installation, &story.file("backup.age"), opener).await
    };
    let wrong = restore(file("wrong", "correct horse battery stapler", 0o600)).await;
    assert_eq!(wrong.expect_err("refused").code(), "BACKUP_LOCKED_ERR");
    restore(good.clone()).await.expect("restored");
    for (path, why) in
        [(file("short", "short\n", 0o600), "short"), (file("open", "correct horse battery", 0o644), "open")]
    {
        let refused = Lock::choose(&[], Some(&path)).err().expect(why);
        assert_eq!(refused.code(), "BACKUP_PASSPHRASE_ERR");
    }
    let both = Lock::choose(std::slice::from_ref(&story.recipient), Some(&good));
    assert_eq!(both.err().expect("refused").code(), "BACKUP_LOCK_ERR");
    assert_eq!(Lock::choose(&[], None).err().expect("refused").code(), "BACKUP_LOCK_ERR");
    assert_eq!(Lock::choose(&["age1".into()], None).err().expect("refused").code(), "BACKUP_RECIPIENT_ERR");
    assert_eq!(Opener::choose(None, None).err().expect("refused").code(), "BACKUP_OPENER_ERR");
    assert_eq!(Opener::choose(Some(&good), None).err().expect("refused").code(), "BACKUP_IDENTITY_ERR");
}

#[tokio::test]
async fn what_was_altered_or_cut_off_is_refused_before_a_row_is_written() {
    let story = story().await;
    story.backup(story.options("backup.age")).await.expect("a backup");
    let whole = fs::read(story.file("backup.age")).expect("a file");
    let elsewhere = tempfile::tempdir().expect("a directory");
    let mut damaged = vec![whole[..whole.len() - 1].to_vec(), whole[..whole.len() / 2].to_vec(), whole[..10].to_vec()];
    for place in [whole.len() / 3, whole.len() / 2, whole.len() - 20] {
        let mut altered = whole.clone();
        altered[place] ^= 1;
        damaged.push(altered);
    }
    for bytes in damaged {
        fs::write(story.file("damaged.age"), bytes).expect("written");
        let refused = story.restore(elsewhere.path(), "damaged.age").await.expect_err("refused");
        assert_eq!(refused.code(), "BACKUP_LOCKED_ERR", "{refused}");
        assert!(rows(elsewhere.path()).iter().all(|(_, rows)| rows.is_empty()));
    }
    // What opens and is no backup.
    let recipient: age::x25519::Recipient = story.recipient.parse().expect("a recipient");
    fs::write(story.file("other.age"), age::encrypt(&recipient, b"a letter").expect("encrypted")).expect("written");
    let refused = story.restore(elsewhere.path(), "other.age").await.expect_err("refused");
    assert!(["BACKUP_UNUSABLE_ERR", "BACKUP_LOCKED_ERR"].contains(&refused.code()), "{refused}");
    story.restore(elsewhere.path(), "backup.age").await.expect("the whole one is restored");
}

#[tokio::test]
async fn nothing_is_overwritten() {
    let story = story().await;
    story.backup(story.options("backup.age")).await.expect("a backup");
    let again = story.backup(story.options("backup.age")).await.expect_err("refused");
    assert_eq!(again.code(), "FILE_EXISTS_ERR");
    // Nor what has the name of a file that is not whole yet.
    fs::write(story.file("other.part"), "notes").expect("written");
    story.backup(story.options("other.age")).await.expect("a backup");
    assert_eq!(fs::read_to_string(story.file("other.part")).expect("still there"), "notes");
    story.backup(story.options("whole.part")).await.expect("a backup");
    let in_use = story.restore(story.api.directory(), "backup.age").await.expect_err("refused");
    assert_eq!(in_use.code(), "DATABASE_ERR");
    let elsewhere = tempfile::tempdir().expect("a directory");
    story.restore(elsewhere.path(), "backup.age").await.expect("restored");
    let occupied = story.restore(elsewhere.path(), "backup.age").await.expect_err("refused");
    assert_eq!(occupied.code(), "RESTORE_NOT_EMPTY_ERR");
    let nowhere = Installation { place: Place { directory: story.file("nowhere"), database: None }, master_key: None };
    let missing = maintenance::backup(&nowhere, story.options("x.age"), &*story.api.clock).await;
    assert_eq!(missing.expect_err("refused").code(), "DATABASE_ERR");
    assert!(!story.file("x.age").exists() && !story.file("x.part").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_backup_under_load_is_one_state() {
    let story = story().await;
    let object = &story.object.0;
    let mut made = 0;
    let load = async {
        for _ in 0..40 {
            story.api.create(json!({"name": "more", "extractable": false})).await;
            story.api.put(object).body(story.object.1.clone()).send().await.is(StatusCode::CREATED);
            made += 1;
        }
    };
    let (report, ()) = tokio::join!(
        async {
            tokio::time::sleep(std::time::Duration::from_millis(60)).await;
            story.backup(story.options("backup.age")).await.expect("a backup")
        },
        load
    );
    assert_eq!((report.objects, made), (1, 40));
    let elsewhere = tempfile::tempdir().expect("a directory");
    story.restore(elsewhere.path(), "backup.age").await.expect("restored");
    fs::copy(story.api.directory().join("master.key"), elsewhere.path().join("master.key")).expect("copied");
    let sound =
        Installation { place: Place { directory: elsewhere.path().to_owned(), database: None }, master_key: None };
    let report = crate::fsck::look(&sound).await.expect("looked at");
    assert_eq!(report.findings, []);
    assert!(
        !story
            .api
            .directory()
            .join("objects")
            .read_dir()
            .expect("a folder")
            .any(|entry| { entry.expect("an entry").file_name().to_string_lossy().starts_with("backup-") })
    );
}
