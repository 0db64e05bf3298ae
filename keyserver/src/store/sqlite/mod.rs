//! SQLite: one file, one writer thread, one reader thread.
//!
//! Writes that arrive together share one commit, and each answers only after that commit is on disk (`synchronous=FULL`).
//! A write that fails, or panics, undoes itself alone.
//! *Invariant:* no caller sees the outcome of a write that is not durable, and no async thread waits for the disk.

mod aliases;
mod api_keys;
mod chores;
mod console;
mod events;
mod identities;
mod import_tokens;
mod installation;
mod instance_policies;
mod key_policies;
mod keys;
mod lists;
mod migrations;
mod objects;
mod policies;
mod registrations;
mod resources;
mod rings;
mod rows;
mod signing_keys;

use std::{
    fs::OpenOptions,
    os::unix::fs::OpenOptionsExt,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::mpsc::{self, Receiver, Sender},
    thread,
    time::Duration,
};

use async_trait::async_trait;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::oneshot;

use crate::{
    error::Error,
    store::{Health, NewEvent, Store, sqlite::events::append},
};

/// Writes that one commit may carry.
const MAX_GROUP: usize = 256;
/// How long to wait for another process, such as `sign-in-link`, to finish its write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Told after the commit whether it worked.
type Report = Box<dyn FnOnce(Result<(), &Error>) + Send>;
/// Runs on a database thread, or is told why it cannot; says whether it succeeded and how to report.
type Job = Box<dyn FnOnce(Result<&Connection, &Error>) -> (bool, Report) + Send>;

/// A store in one SQLite file.
pub(crate) struct SqliteStore {
    writer: Sender<Job>,
    reader: Sender<Job>,
}

impl Store for SqliteStore {}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.to_string())
    }
}

impl SqliteStore {
    /// Opens the file, makes it if missing, and brings its tables up to date.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        private(path)?;
        let mut writer = Connection::open(path)?;
        writer.busy_timeout(BUSY_TIMEOUT)?;
        writer.pragma_update(None, "journal_mode", "WAL")?;
        migrations::run(&mut writer)?;
        Self::around(path, writer)
    }

    /// Opens a file that a server made, which may be running, and leaves its tables as they are.
    pub(crate) fn open_existing(path: &Path) -> Result<Self, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let writer = Connection::open_with_flags(path, flags)?;
        writer.busy_timeout(BUSY_TIMEOUT)?;
        migrations::require_current(&writer)?;
        Self::around(path, writer)
    }

    fn around(path: &Path, writer: Connection) -> Result<Self, Error> {
        writer.pragma_update(None, "synchronous", "FULL")?;
        writer.pragma_update(None, "foreign_keys", true)?;
        writer.pragma_update(None, "secure_delete", true)?;
        let reader =
            Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        reader.busy_timeout(BUSY_TIMEOUT)?;
        Ok(Self {
            writer: spawn("store-writer", writer, write_loop)?,
            reader: spawn("store-reader", reader, read_loop)?,
        })
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        run_on(&self.writer, work).await
    }

    /// A change that is stored together with its event, or, where it finds nothing to change (`false`), not at all.
    async fn change(
        &self,
        event: NewEvent,
        work: impl FnOnce(&Connection) -> Result<bool, Error> + Send + 'static,
    ) -> Result<bool, Error> {
        self.write(move |db| {
            let changed = work(db)?;
            if changed {
                append(db, &event)?;
            }
            Ok(changed)
        })
        .await
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        run_on(&self.reader, work).await
    }
}

#[async_trait]
impl Health for SqliteStore {
    async fn serves(&self) -> bool {
        self.read(|_| Ok(())).await.is_ok() && self.write(|_| Ok(())).await.is_ok()
    }
}

/// Makes the file readable by its owner alone; SQLite gives its log the same permissions.
fn private(path: &Path) -> Result<(), Error> {
    let made = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
    made.map(drop).map_err(|error| Error::Store(format!("{}: {error}", path.display())))
}

async fn run_on<T: Send + 'static>(
    thread: &Sender<Job>,
    work: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let stopped = || Error::Store("the database thread has stopped".to_owned());
    let (answer, result) = oneshot::channel();
    let job: Job = Box::new(move |connection| {
        let outcome = connection.map_err(|error| Error::Store(error.to_string())).and_then(|connection| {
            // A mistake in one piece of work must not end the thread for all: its changes are undone like a failed one's.
            let worked = catch_unwind(AssertUnwindSafe(|| work(connection)));
            worked.unwrap_or(Err(Error::Corrupt("work on the database panicked")))
        });
        let succeeded = outcome.is_ok();
        let report: Report = Box::new(move |committed| {
            let told = match committed {
                Ok(()) => outcome,
                Err(error) => Err(Error::Store(error.to_string())),
            };
            // Nobody waits any more when the client has gone; the write stands all the same.
            drop(answer.send(told));
        });
        (succeeded, report)
    });
    thread.send(job).map_err(|_| stopped())?;
    result.await.map_err(|_| stopped())?
}

fn spawn(name: &str, connection: Connection, body: fn(&Connection, &Receiver<Job>)) -> Result<Sender<Job>, Error> {
    let (jobs, queue) = mpsc::channel();
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || body(&connection, &queue))
        .map_err(|error| Error::Store(error.to_string()))?;
    Ok(jobs)
}

fn read_loop(connection: &Connection, queue: &Receiver<Job>) {
    for job in queue {
        let (_, report) = job(Ok(connection));
        report(Ok(()));
    }
}

fn write_loop(connection: &Connection, queue: &Receiver<Job>) {
    while let Ok(first) = queue.recv() {
        let group = std::iter::once(first).chain(queue.try_iter().take(MAX_GROUP - 1));
        let mut reports = Vec::new();
        let committed = write_group(connection, group, &mut reports);
        if committed.is_err() && !connection.is_autocommit() {
            // Without this the next group would join a broken transaction; should it fail, so will the next BEGIN.
            drop(connection.execute_batch("ROLLBACK"));
        }
        for report in reports {
            report(committed.as_ref().copied());
        }
    }
}

fn write_group(
    connection: &Connection,
    group: impl Iterator<Item = Job>,
    reports: &mut Vec<Report>,
) -> Result<(), Error> {
    let begun = connection.execute_batch("BEGIN IMMEDIATE").map_err(Error::from);
    for job in group {
        if let Err(error) = &begun {
            reports.push(job(Err(error)).1);
            continue;
        }
        connection.execute_batch("SAVEPOINT job")?;
        let (succeeded, report) = job(Ok(connection));
        reports.push(report);
        connection.execute_batch(if succeeded { "RELEASE job" } else { "ROLLBACK TO job; RELEASE job" })?;
    }
    begun?;
    connection.execute_batch("COMMIT")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (SqliteStore, tempfile::TempDir) {
        let directory = tempfile::tempdir().expect("a directory");
        (SqliteStore::open(&directory.path().join("test.db")).expect("a store"), directory)
    }

    fn keep(code: i64) -> impl FnOnce(&Connection) -> Result<(), Error> + Send {
        move |db| Ok(db.execute("INSERT INTO sign_in_codes VALUES (?, 0)", [code]).map(drop)?)
    }

    async fn kept(store: &SqliteStore) -> i64 {
        let count = |db: &Connection| Ok(db.query_row("SELECT count(*) FROM sign_in_codes", [], |row| row.get(0))?);
        store.read(count).await.expect("a count")
    }

    #[tokio::test]
    async fn a_panic_undoes_its_own_write_and_the_store_goes_on() {
        let (store, _directory) = store();
        let panics = store.write(|db| {
            keep(1)(db)?;
            panic!("a mistake in the store");
            #[expect(unreachable_code, reason = "gives the closure its type")]
            Ok(())
        });
        let (one, two, three) = tokio::join!(store.write(keep(2)), panics, store.write(keep(3)));
        assert!(one.is_ok() && three.is_ok());
        assert!(matches!(two, Err(Error::Corrupt(_))));
        assert_eq!(kept(&store).await, 2);
        let reads: Result<(), Error> = store.read(|_| panic!("a mistake in the store")).await;
        assert!(reads.is_err());
        assert!(store.serves().await);
        store.write(keep(4)).await.expect("goes on");
        assert_eq!(kept(&store).await, 3);
    }

    #[tokio::test]
    async fn a_store_that_cannot_be_written_does_not_serve() {
        let (mut store, _directory) = store();
        let (dead, queue) = mpsc::channel();
        drop(queue);
        store.writer = dead;
        assert_eq!(kept(&store).await, 0, "it can still be read");
        assert!(!store.serves().await);
    }
}
