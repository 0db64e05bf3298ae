//! The database under the store: statements with `$1`, `$2` … in, rows out.
//!
//! Work on it is a synchronous function of a [`Db`], so that what it does reads from top to bottom. It may be run again: a
//! database that finds two changes in each other's way undoes one of them.
//! *Invariant:* nothing outside this module knows which database there is.

pub(crate) mod chain;
mod dialect;
mod migrations;
mod postgres;
mod sqlite;
mod value;

use std::{path::Path, time::Duration};

use uuid::Uuid;

use self::{
    chain::Chain,
    postgres::{Postgres, Session},
    sqlite::Sqlite,
};
use super::Changes;
use crate::{audit::chain::Position, config::Address, error::Error};

pub(crate) use migrations::FORMAT;
pub(crate) use value::{Column, Value, params};

/// How late a change that another process made is counted, at most.
pub(crate) const NOTICED: Duration = Duration::from_millis(500);

/// A database, brought up to date.
pub(crate) enum Database {
    /// One file.
    Sqlite(Sqlite),
    /// A database that several servers may share.
    Postgres(Postgres),
}

impl Database {
    /// Opens a SQLite file, makes it if missing, and brings its tables up to date.
    pub(crate) fn open_file(path: &Path, chain: Chain) -> Result<Self, Error> {
        Ok(Self::Sqlite(Sqlite::open(path, chain)?))
    }

    /// Opens a SQLite file that a server made, which may be running, and leaves its tables as they are.
    pub(crate) fn open_existing_file(path: &Path, chain: Chain) -> Result<Self, Error> {
        Ok(Self::Sqlite(Sqlite::open_existing(path, chain)?))
    }

    /// How far the chains of this process have come: the place of the last durable event of each that has one.
    pub(crate) fn heads(&self) -> Vec<Position> {
        match self {
            Self::Sqlite(sqlite) => sqlite.chain().durable().into_iter().collect(),
            Self::Postgres(postgres) => postgres.heads(),
        }
    }

    /// Connects to a PostgreSQL database and brings its tables up to date. `writer` names the first of the chains that this
    /// process begins; the others are counted up from it.
    pub(crate) async fn connect(address: &Address, writer: Uuid) -> Result<Self, Error> {
        Ok(Self::Postgres(Postgres::open(address, writer).await?))
    }

    /// Connects to a PostgreSQL database that a server made, which may be running, and leaves its tables as they are.
    pub(crate) async fn connect_existing(address: &Address, writer: Uuid) -> Result<Self, Error> {
        Ok(Self::Postgres(Postgres::open_existing(address, writer).await?))
    }

    /// Runs work that changes nothing.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&Db<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        match self {
            Self::Sqlite(sqlite) => sqlite.read(work).await,
            Self::Postgres(postgres) => postgres.read(work).await,
        }
    }

    /// Runs work that reads one state of the database, from its first statement to its last.
    pub(crate) async fn snapshot<T: Send + 'static>(
        &self,
        work: impl Fn(&Db<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        match self {
            Self::Sqlite(sqlite) => sqlite.snapshot(work).await,
            Self::Postgres(postgres) => postgres.snapshot(work).await,
        }
    }

    /// Runs work in one transaction: all that it changes is durable when this returns `Ok`, and nothing of it otherwise.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&Db<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        match self {
            Self::Sqlite(sqlite) => sqlite.write(work).await,
            Self::Postgres(postgres) => postgres.write(work).await,
        }
    }

    /// As [`Database::write`], for work that does other things between its statements, however long they take.
    pub(crate) async fn fill<T: Send + 'static>(
        &self,
        work: impl Fn(&Db<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        match self {
            Self::Sqlite(sqlite) => sqlite.write(work).await,
            Self::Postgres(postgres) => postgres.fill(work).await,
        }
    }

    /// As [`Database::write`], for work that writes by one statement, and nothing that permissions or keys are decided by.
    pub(crate) async fn append<T: Send + 'static>(
        &self,
        work: impl Fn(&Db<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        match self {
            Self::Sqlite(sqlite) => sqlite.append(work).await,
            Self::Postgres(postgres) => postgres.write(work).await,
        }
    }

    /// Counts what changes in it.
    pub(crate) fn changes(&self) -> &Changes {
        match self {
            Self::Sqlite(sqlite) => sqlite.changes(),
            Self::Postgres(postgres) => postgres.changes(),
        }
    }
}

/// The database as work sees it.
pub(crate) struct Db<'a> {
    connection: Connection<'a>,
    chain: &'a Chain,
}

enum Connection<'a> {
    Sqlite(&'a rusqlite::Connection),
    Postgres(&'a Session),
}

impl Db<'_> {
    /// The chain that events of this connection go on.
    pub(crate) fn chain(&self) -> &Chain {
        self.chain
    }

    /// Runs a statement and says how many rows it changed.
    pub(crate) fn execute(&self, sql: &str, params: &[Value<'_>]) -> Result<usize, Error> {
        match self.connection {
            Connection::Sqlite(connection) => Ok(sqlite::execute(connection, sql, params)?),
            Connection::Postgres(session) => session.execute(sql, params),
        }
    }

    /// Runs a statement; `None` if what it writes is in the database already, where it may be once only. The work must then
    /// end in an error.
    pub(crate) fn execute_unless_taken(&self, sql: &str, params: &[Value<'_>]) -> Result<Option<usize>, Error> {
        match self.connection {
            Connection::Sqlite(connection) => match sqlite::execute(connection, sql, params) {
                Err(error) if sqlite::is_taken(&error) => Ok(None),
                done => Ok(Some(done?)),
            },
            Connection::Postgres(session) => match session.execute(sql, params) {
                Err(_) if session.is_taken() => Ok(None),
                done => done.map(Some),
            },
        }
    }

    /// Runs a query and reads its rows.
    pub(crate) fn query<T>(
        &self,
        sql: &str,
        params: &[Value<'_>],
        read: impl Fn(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        match self.connection {
            Connection::Sqlite(connection) => sqlite::query(connection, sql, params, read),
            Connection::Postgres(session) => session.query(sql, params, read),
        }
    }

    /// Reads the first row of a query, if it has one.
    pub(crate) fn query_optional<T>(
        &self,
        sql: &str,
        params: &[Value<'_>],
        read: impl Fn(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        Ok(self.query(sql, params, read)?.into_iter().next())
    }

    /// Reads the one row that a query has.
    pub(crate) fn query_one<T>(
        &self,
        sql: &str,
        params: &[Value<'_>],
        read: impl Fn(&Row<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.query_optional(sql, params, read)?.ok_or_else(|| Error::Store("a query found nothing".to_owned()))
    }

    /// Reads the one column of the one row that a query has.
    pub(crate) fn value<T: Column>(&self, sql: &str, params: &[Value<'_>]) -> Result<T, Error> {
        self.query_one(sql, params, |row| row.at(0))
    }
}

/// A row of a query.
pub(crate) struct Row<'a>(Columns<'a>);

enum Columns<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a tokio_postgres::Row),
}

impl Row<'_> {
    /// The column of this name, or the first of several.
    pub(crate) fn get<T: Column>(&self, column: &str) -> Result<T, Error> {
        let value = match self.0 {
            Columns::Sqlite(row) => sqlite::value(row, column),
            Columns::Postgres(row) => row.try_get(column).ok(),
        };
        value.and_then(T::read).ok_or_else(|| unreadable(column))
    }

    /// The column at this place, counted from 0.
    pub(crate) fn at<T: Column>(&self, index: usize) -> Result<T, Error> {
        let value = match self.0 {
            Columns::Sqlite(row) => sqlite::value(row, index),
            Columns::Postgres(row) => row.try_get(index).ok(),
        };
        value.and_then(T::read).ok_or_else(|| unreadable(&format!("column {index}")))
    }
}

/// A column holds something that this server did not write.
pub(crate) fn unreadable(column: &str) -> Error {
    Error::Store(format!("unreadable value in {column}"))
}
