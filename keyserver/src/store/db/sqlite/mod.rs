//! SQLite: one file, one writer thread, one reader thread.
//!
//! Writes that arrive together share one commit, and each answers only after that commit is on disk (`synchronous=FULL`).
//! A write that fails, or panics, undoes itself alone.
//! *Invariant:* no caller sees the outcome of a write that is not durable, and no async thread waits for the disk.

mod migrate;

use std::{
    fs::OpenOptions,
    os::unix::fs::OpenOptionsExt,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread,
    time::Duration,
};

use rusqlite::{
    CachedStatement, Connection, OpenFlags, RowIndex, ToSql, ffi,
    types::{ToSqlOutput, ValueRef},
};
use tokio::sync::oneshot;

use super::{Changes, Columns, Connection as Handle, Db, NOTICED, Row, Value, chain::Chain};
use crate::error::Error;

/// Writes that one commit may carry.
const MAX_GROUP: usize = 256;
/// Statements that each thread keeps prepared; more than the store has.
const MAX_PREPARED: usize = 256;
/// How long to wait for another process, such as `sign-in-link`, to finish its write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Told after the commit whether it worked.
type Report = Box<dyn FnOnce(Result<(), &Error>) + Send>;
/// Runs on a database thread, or is told why it cannot; says whether it succeeded and how to report.
type Work = Box<dyn FnOnce(Result<&Db<'_>, &Error>) -> (bool, Report) + Send>;

/// Work for a database thread.
struct Job {
    kind: Kind,
    work: Work,
}

/// What work does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Read,
    /// Changes what others may have read, by any number of statements.
    Change,
    /// Adds what nobody has read, by one statement, which undoes itself when it fails.
    Append,
}

/// A database in one SQLite file.
pub(crate) struct Sqlite {
    writer: Sender<Job>,
    reader: Sender<Job>,
    chain: Arc<Chain>,
    changes: Changes,
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.to_string())
    }
}

impl Sqlite {
    /// Opens the file, makes it if missing, and brings its tables up to date.
    pub(super) fn open(path: &Path, chain: Chain) -> Result<Self, Error> {
        private(path)?;
        let mut writer = Connection::open(path)?;
        writer.busy_timeout(BUSY_TIMEOUT)?;
        writer.pragma_update(None, "journal_mode", "WAL")?;
        migrate::run(&mut writer)?;
        Self::around(path, writer, chain)
    }

    /// Opens a file that a server made, which may be running, and leaves its tables as they are.
    pub(super) fn open_existing(path: &Path, chain: Chain) -> Result<Self, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let writer = Connection::open_with_flags(path, flags)?;
        writer.busy_timeout(BUSY_TIMEOUT)?;
        migrate::require_current(&writer)?;
        Self::around(path, writer, chain)
    }

    fn around(path: &Path, writer: Connection, chain: Chain) -> Result<Self, Error> {
        writer.pragma_update(None, "synchronous", "FULL")?;
        writer.pragma_update(None, "foreign_keys", true)?;
        writer.pragma_update(None, "secure_delete", true)?;
        prepare(&writer)?;
        let reader =
            Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        reader.busy_timeout(BUSY_TIMEOUT)?;
        prepare(&reader)?;
        let (chain, changes) = (Arc::new(chain), Changes::counted());
        let (written, read, counted) = (Arc::clone(&chain), Arc::clone(&chain), changes.clone());
        Ok(Self {
            writer: spawn("store-writer", move |queue| write_loop(&writer, &written, &queue, &counted))?,
            reader: spawn("store-reader", move |queue| read_loop(&reader, &read, &queue))?,
            chain,
            changes,
        })
    }

    /// How far the chain of this process has come.
    pub(super) fn chain(&self) -> &Chain {
        &self.chain
    }

    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Db<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        run_on(&self.writer, Kind::Change, work).await
    }

    pub(super) async fn snapshot<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Db<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        run_on(&self.reader, Kind::Read, move |db| in_transaction(db, work)).await
    }

    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Db<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        run_on(&self.reader, Kind::Read, work).await
    }

    pub(super) async fn append<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Db<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        run_on(&self.writer, Kind::Append, work).await
    }

    pub(super) fn changes(&self) -> &Changes {
        &self.changes
    }
}

/// The reader's own statements are one by one; together they need a transaction.
fn in_transaction<T>(db: &Db<'_>, work: impl FnOnce(&Db<'_>) -> Result<T, Error>) -> Result<T, Error> {
    db.execute("BEGIN", &[])?;
    let read = work(db);
    db.execute("ROLLBACK", &[])?;
    read
}

/// Makes the file readable by its owner alone; SQLite gives its log the same permissions.
fn private(path: &Path) -> Result<(), Error> {
    let made = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
    made.map(drop).map_err(|error| Error::Store(format!("{}: {error}", path.display())))
}

fn prepare(connection: &Connection) -> Result<(), Error> {
    connection.set_prepared_statement_cache_capacity(MAX_PREPARED);
    // As in the standard, and in PostgreSQL.
    Ok(connection.pragma_update(None, "case_sensitive_like", true)?)
}

/// Runs a statement and says how many rows it changed.
pub(super) fn execute(connection: &Connection, sql: &str, params: &[Value<'_>]) -> rusqlite::Result<usize> {
    let mut statement = connection.prepare_cached(sql)?;
    bind(&mut statement, params)?;
    statement.raw_execute()
}

/// Runs a query and reads its rows.
pub(super) fn query<T>(
    connection: &Connection,
    sql: &str,
    params: &[Value<'_>],
    read: impl Fn(&Row<'_>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let mut statement = connection.prepare_cached(sql)?;
    bind(&mut statement, params)?;
    let (mut rows, mut found) = (statement.raw_query(), Vec::new());
    while let Some(row) = rows.next()? {
        found.push(read(&Row(Columns::Sqlite(row)))?);
    }
    Ok(found)
}

/// Whether a row was refused because of another one with the same values.
pub(super) fn is_taken(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_extended_error_code();
    code.is_some_and(|code| matches!(code, ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY))
}

/// A value of a row; `None` if there is no such column.
pub(super) fn value<'a>(row: &'a rusqlite::Row<'_>, column: impl RowIndex) -> Option<Value<'a>> {
    Some(match row.get_ref(column).ok()? {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Integer(value),
        ValueRef::Text(text) => Value::Text(str::from_utf8(text).ok()?.into()),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.into()),
        ValueRef::Real(_) => return None,
    })
}

/// To SQLite `$2` is a name: what it stands for does not depend on where it comes first.
fn bind(statement: &mut CachedStatement<'_>, params: &[Value<'_>]) -> rusqlite::Result<()> {
    for index in 1..=statement.parameter_count() {
        let name = statement.parameter_name(index).unwrap_or_default();
        let number = name.strip_prefix('$').and_then(|number| number.parse::<usize>().ok());
        let value = number.and_then(|number| params.get(number.checked_sub(1)?));
        let value = value.ok_or_else(|| rusqlite::Error::InvalidParameterName(name.to_owned()))?;
        statement.raw_bind_parameter(index, value)?;
    }
    Ok(())
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Boolean(value) => ValueRef::Integer((*value).into()),
            Self::Integer(value) => ValueRef::Integer(*value),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

async fn run_on<T: Send + 'static>(
    thread: &Sender<Job>,
    kind: Kind,
    work: impl FnOnce(&Db<'_>) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let stopped = || Error::Store("the database thread has stopped".to_owned());
    let (answer, result) = oneshot::channel();
    let work: Work = Box::new(move |db| {
        let outcome = db.map_err(|error| Error::Store(error.detail())).and_then(|db| {
            // A mistake in one piece of work must not end the thread for all: its changes are undone like a failed one's.
            let worked = catch_unwind(AssertUnwindSafe(|| work(db)));
            worked.unwrap_or(Err(Error::Corrupt("work on the database panicked")))
        });
        let succeeded = outcome.is_ok();
        let report: Report = Box::new(move |committed| {
            let told = match committed {
                Ok(()) => outcome,
                Err(error) => Err(Error::Store(error.detail())),
            };
            // Nobody waits any more when the client has gone; the write stands all the same.
            drop(answer.send(told));
        });
        (succeeded, report)
    });
    thread.send(Job { kind, work }).map_err(|_| stopped())?;
    result.await.map_err(|_| stopped())?
}

fn spawn(name: &str, body: impl FnOnce(Receiver<Job>) + Send + 'static) -> Result<Sender<Job>, Error> {
    let (jobs, queue) = mpsc::channel();
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || body(queue))
        .map_err(|error| Error::Store(error.to_string()))?;
    Ok(jobs)
}

fn read_loop(connection: &Connection, chain: &Chain, queue: &Receiver<Job>) {
    let db = Db { connection: Handle::Sqlite(connection), chain };
    for job in queue {
        let (_, report) = (job.work)(Ok(&db));
        report(Ok(()));
    }
}

fn write_loop(connection: &Connection, chain: &Chain, queue: &Receiver<Job>, changes: &Changes) {
    let mut version = None;
    loop {
        let first = match queue.recv_timeout(NOTICED) {
            Ok(job) => Some(job),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        notice(connection, &mut version, changes);
        let Some(first) = first else { continue };
        let group = std::iter::once(first).chain(queue.try_iter().take(MAX_GROUP - 1));
        let (mut reports, mut changed) = (Vec::new(), false);
        let group = group.inspect(|job| changed |= job.kind == Kind::Change);
        let committed = write_group(connection, chain, group, &mut reports);
        match &committed {
            Ok(()) => chain.committed(),
            Err(_) => {
                chain.in_doubt();
                if !connection.is_autocommit() {
                    // Without this the next group would join a broken transaction; should it fail, so will the next BEGIN.
                    drop(connection.execute_batch("ROLLBACK"));
                }
            }
        }
        if changed {
            changes.happened();
        }
        for report in reports {
            report(committed.as_ref().copied());
        }
    }
}

/// Counts what another process changed: the number that is asked for stays the same as long as nobody but this connection commits.
fn notice(connection: &Connection, version: &mut Option<i64>, changes: &Changes) {
    let ask = |db: &Connection| db.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0));
    let now = ask(connection).ok();
    if now.is_none() || now != *version {
        changes.happened();
    }
    *version = now;
}

fn write_group(
    connection: &Connection,
    chain: &Chain,
    group: impl Iterator<Item = Job>,
    reports: &mut Vec<Report>,
) -> Result<(), Error> {
    let db = Db { connection: Handle::Sqlite(connection), chain };
    let mut begun = run(connection, "BEGIN IMMEDIATE");
    for Job { kind, work } in group {
        if begun.is_ok() && connection.is_autocommit() {
            // A full disk, for one, makes SQLite undo everything; what comes now must not be kept without what was before.
            begun = Err(Error::Store("the transaction was undone".to_owned()));
        }
        if let Err(error) = &begun {
            reports.push(work(Err(error)).1);
            continue;
        }
        if kind == Kind::Change {
            run(connection, "SAVEPOINT job")?;
        }
        let (succeeded, report) = work(Ok(&db));
        reports.push(report);
        if succeeded {
            chain.kept();
        } else {
            chain.undone();
        }
        if kind == Kind::Change {
            if !succeeded {
                run(connection, "ROLLBACK TO job")?;
            }
            run(connection, "RELEASE job")?;
        }
    }
    begun?;
    run(connection, "COMMIT")
}

fn run(connection: &Connection, sql: &str) -> Result<(), Error> {
    connection.prepare_cached(sql)?.raw_execute()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::db::params;

    fn database() -> (Sqlite, tempfile::TempDir) {
        let directory = tempfile::tempdir().expect("a directory");
        let chain = Chain::new(uuid::Uuid::from_bytes([7; 16]));
        (Sqlite::open(&directory.path().join("test.db"), chain).expect("a database"), directory)
    }

    fn keep(code: i64) -> impl FnOnce(&Db<'_>) -> Result<(), Error> + Send {
        move |db| db.execute("INSERT INTO sign_in_codes VALUES ($1, 0)", params![code]).map(drop)
    }

    async fn kept(database: &Sqlite) -> i64 {
        database.read(|db| db.value("SELECT count(*) FROM sign_in_codes", &[])).await.expect("a count")
    }

    #[tokio::test]
    async fn a_panic_undoes_its_own_write_and_the_database_goes_on() {
        let (database, _directory) = database();
        let panics = database.write(|db| {
            keep(1)(db)?;
            panic!("a mistake in the store");
            #[expect(unreachable_code, reason = "gives the closure its type")]
            Ok(())
        });
        let (one, two, three) = tokio::join!(database.write(keep(2)), panics, database.write(keep(3)));
        assert!(one.is_ok() && three.is_ok());
        assert!(matches!(two, Err(Error::Corrupt(_))));
        assert_eq!(kept(&database).await, 2);
        let reads: Result<(), Error> = database.read(|_| panic!("a mistake in the store")).await;
        assert!(reads.is_err());
        database.write(keep(4)).await.expect("goes on");
        assert_eq!(kept(&database).await, 3);
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_written_can_still_be_read() {
        let (mut database, _directory) = database();
        let (dead, queue) = mpsc::channel();
        drop(queue);
        database.writer = dead;
        assert_eq!(kept(&database).await, 0);
        assert!(database.write(|_| Ok(())).await.is_err());
    }

    #[tokio::test]
    async fn numbers_of_parameters_count_and_not_their_places() {
        let (database, _directory) = database();
        let read = database.read(|db| {
            db.query("SELECT $2, $1, $2", params![1_i64, "two"], |row| {
                Ok((row.at::<String>(0)?, row.at::<i64>(1)?, row.at::<String>(2)?))
            })
        });
        assert_eq!(read.await.expect("a row"), [("two".to_owned(), 1, "two".to_owned())]);
        let missing = database.read(|db| db.value::<i64>("SELECT $3", params![1_i64, 2_i64])).await;
        assert!(missing.is_err());
    }

    #[tokio::test]
    async fn a_taken_value_is_told_from_other_refusals() {
        let (database, _directory) = database();
        let sql = "INSERT INTO sign_in_codes (digest, expires) VALUES ($1, $2)";
        database.write(keep(1)).await.expect("kept");
        let twice = database.write(move |db| db.execute_unless_taken(sql, params![1_i64, 0_i64])).await;
        assert_eq!(twice.expect("an answer"), None);
        let refused = database.write(move |db| db.execute_unless_taken(sql, params![2_i64, None::<i64>])).await;
        assert!(matches!(refused, Err(Error::Store(_))));
    }
}
