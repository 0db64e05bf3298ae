//! The tables of a PostgreSQL database, brought up to date.
//!
//! *Invariant:* of several servers that start together one changes the tables, and the others wait for it on a row.

use tokio_postgres::{Client, error::SqlState};

use super::failure::{Kind, error, kind};
use crate::{error::Error, store::db::migrations};

const FORMAT: &str = "
    CREATE TABLE IF NOT EXISTS format (one BOOLEAN PRIMARY KEY CHECK (one), number BIGINT NOT NULL);
    INSERT INTO format VALUES (TRUE, 0) ON CONFLICT DO NOTHING;";

/// Applies what is missing, all of it or nothing.
pub(super) async fn run(client: &mut Client) -> Result<(), Error> {
    while let Err(failure) = client.batch_execute(FORMAT).await {
        // Two servers that make the table at the same moment: one of them is told so by the catalogue's own index.
        if kind(&failure) != Kind::Taken && failure.code() != Some(&SqlState::DUPLICATE_TABLE) {
            return Err(refused(&failure));
        }
    }
    let transaction = client.transaction().await.map_err(|failure| error(&failure))?;
    let patient = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0;";
    transaction.batch_execute(patient).await.map_err(|failure| error(&failure))?;
    // The row is read after whoever holds it has finished, and is held from here to the end.
    let held = transaction.query_one("SELECT number FROM format FOR UPDATE", &[]).await;
    let applied = number(&held.map_err(|failure| error(&failure))?)?;
    migrations::require_not_newer(applied)?;
    for (number, sql) in migrations::postgres_after(applied) {
        transaction.batch_execute(&sql).await.map_err(|failure| refused(&failure))?;
        let noted = transaction.execute("UPDATE format SET number = $1", &[&i64::from(number)]).await;
        noted.map_err(|failure| error(&failure))?;
    }
    transaction.commit().await.map_err(|failure| error(&failure))
}

/// Changes nothing; fails unless the format is exactly the one this program writes.
pub(super) async fn require_current(client: &Client) -> Result<(), Error> {
    match client.query_one("SELECT number FROM format", &[]).await {
        Ok(row) => migrations::require_equal(number(&row)?),
        Err(failure) if failure.code() == Some(&SqlState::UNDEFINED_TABLE) => {
            Err(Error::Store("no key server has made its tables here: start the server first".to_owned()))
        }
        Err(failure) => Err(error(&failure)),
    }
}

fn number(row: &tokio_postgres::Row) -> Result<u32, Error> {
    let number: i64 = row.try_get(0).map_err(|failure| error(&failure))?;
    u32::try_from(number).map_err(|_| Error::Corrupt("the format of the database"))
}

fn refused(failure: &tokio_postgres::Error) -> Error {
    if failure.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) {
        let text = "the user of --database-url may not make tables: let it own the database or a schema of its own";
        return Error::Store(text.to_owned());
    }
    error(failure)
}
