//! One connection, as work uses it from a thread of its own.
//!
//! *Invariant:* a connection goes back to the others only when no transaction is open on it, and after its chain of audit events:
//! there are never more chains in use than connections.

use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
};

use deadpool_postgres::Object;
use tokio::runtime::Handle;
use tokio_postgres::{Statement, types::ToSql};

use super::{
    chains::Lease,
    failure::{self, Kind},
};
use crate::{
    error::Error,
    store::db::{Columns, Connection, Db, Row, Value},
};

/// Statements that a connection keeps prepared, at most; more than the store has, apart from those put together from pieces.
const MAX_PREPARED: usize = 512;
/// For work that writes files between its statements: PostgreSQL would end a transaction that nothing is heard of for a while.
const PATIENT: &str = "SET LOCAL idle_in_transaction_session_timeout = 0";

/// A connection, and how its statements fared.
pub(in super::super) struct Session {
    // Dropped in this order.
    chain: Lease,
    connection: Object,
    runtime: Handle,
    failed: Cell<Option<Kind>>,
}

/// How work ended.
pub(super) enum End<T> {
    /// With its own answer.
    Answer(Result<T, Error>),
    /// Other work was in its way; nothing is changed.
    Conflict,
    /// The connection was lost; nothing is changed.
    Lost(Error),
}

impl Session {
    pub(super) fn new(connection: Object, chain: Lease, runtime: Handle) -> Self {
        if connection.statement_cache.size() > MAX_PREPARED {
            connection.statement_cache.clear();
        }
        Self { chain, connection, runtime, failed: Cell::new(None) }
    }

    /// Runs work outside any transaction.
    pub(super) fn read<T, W: Fn(&Db<'_>) -> Result<T, Error>>(self, work: &W) -> End<T> {
        let answer = self.answer(work);
        self.end(answer)
    }

    /// Runs work that sees one state of the database, however long it takes.
    pub(super) fn snapshot<T, W: Fn(&Db<'_>) -> Result<T, Error>>(self, work: &W) -> End<T> {
        self.transaction(&format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {PATIENT}"), work)
    }

    /// Runs work in a transaction of its own, however long it does other things between its statements.
    pub(super) fn fill<T, W: Fn(&Db<'_>) -> Result<T, Error>>(self, work: &W) -> End<T> {
        self.transaction(&format!("BEGIN ISOLATION LEVEL SERIALIZABLE; {PATIENT}"), work)
    }

    /// Runs work in a transaction of its own.
    pub(super) fn write<T, W: Fn(&Db<'_>) -> Result<T, Error>>(self, work: &W) -> End<T> {
        self.transaction("BEGIN ISOLATION LEVEL SERIALIZABLE", work)
    }

    fn transaction<T, W: Fn(&Db<'_>) -> Result<T, Error>>(self, begin: &str, work: &W) -> End<T> {
        if let Err(error) = self.batch(begin) {
            return self.end(Err(error));
        }
        let answer = self.answer(work);
        if answer.is_ok() && self.failed.get().is_none() {
            let committed = self.batch("COMMIT");
            return match (committed, self.failed.get()) {
                (Ok(()), _) => {
                    self.chain.committed();
                    End::Answer(answer)
                }
                (Err(_), Some(Kind::Conflict)) => {
                    self.chain.undone();
                    End::Conflict
                }
                (Err(error), _) => {
                    // Whether it was stored is not known, so that it is not tried again.
                    let Self { chain, connection, .. } = self;
                    chain.forget();
                    drop(Object::take(connection));
                    End::Answer(Err(error))
                }
            };
        }
        self.chain.undone();
        let failed = self.failed.get();
        if self.batch("ROLLBACK").is_err() {
            self.failed.set(failed.or(Some(Kind::Unreachable)));
            return self.end(answer);
        }
        Self::judge(failed, answer)
    }

    fn answer<T>(&self, work: impl Fn(&Db<'_>) -> Result<T, Error>) -> Result<T, Error> {
        let worked =
            catch_unwind(AssertUnwindSafe(|| work(&Db { connection: Connection::Postgres(self), chain: &self.chain })));
        worked.unwrap_or(Err(Error::Corrupt("work on the database panicked")))
    }

    fn end<T>(self, answer: Result<T, Error>) -> End<T> {
        let failed = self.failed.get();
        if failed == Some(Kind::Unreachable) {
            let Self { chain, connection, .. } = self;
            drop(chain);
            drop(Object::take(connection));
        }
        Self::judge(failed, answer)
    }

    fn judge<T>(failed: Option<Kind>, answer: Result<T, Error>) -> End<T> {
        match (failed, answer) {
            (Some(Kind::Conflict), _) => End::Conflict,
            (Some(Kind::Unreachable), Err(error)) => End::Lost(error),
            (Some(_), Ok(_)) => End::Answer(Err(Error::Corrupt("work went on after a statement had failed"))),
            (_, answer) => End::Answer(answer),
        }
    }

    fn batch(&self, sql: &str) -> Result<(), Error> {
        self.wait(self.connection.batch_execute(sql))
    }

    /// Runs a statement and says how many rows it changed.
    pub(in super::super) fn execute(&self, sql: &str, params: &[Value<'_>]) -> Result<usize, Error> {
        let statement = self.prepare(sql)?;
        let count = self.wait(self.connection.execute(&statement, &arguments(params)))?;
        usize::try_from(count).map_err(|_| Error::Corrupt("a number of rows"))
    }

    /// Whether the statement that failed was refused because of a row with the same values.
    pub(in super::super) fn is_taken(&self) -> bool {
        self.failed.get() == Some(Kind::Taken)
    }

    /// Runs a query and reads its rows.
    pub(in super::super) fn query<T>(
        &self,
        sql: &str,
        params: &[Value<'_>],
        read: impl Fn(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let statement = self.prepare(sql)?;
        let rows = self.wait(self.connection.query(&statement, &arguments(params)))?;
        rows.iter().map(|row| read(&Row(Columns::Postgres(row)))).collect()
    }

    fn prepare(&self, sql: &str) -> Result<Statement, Error> {
        self.wait(self.connection.prepare_cached(sql))
    }

    fn wait<T>(&self, answer: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, Error> {
        self.runtime.block_on(answer).map_err(|error| {
            self.failed.set(Some(failure::kind(&error)));
            failure::error(&error)
        })
    }
}

fn arguments<'a>(params: &'a [Value<'_>]) -> Vec<&'a (dyn ToSql + Sync)> {
    params.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}
