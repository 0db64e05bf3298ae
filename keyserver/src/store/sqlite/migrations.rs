//! Forward-only, numbered changes of the tables.
//!
//! *Invariant:* a released migration is never edited; a database from a newer server is not touched.

use rusqlite::{Connection, TransactionBehavior};

use crate::error::Error;

const MIGRATIONS: [&str; 1] = [include_str!("../migrations/0001_start.sql")];

/// Applies what is missing, all of it or nothing. The format is read under the write lock: of two programs that open the
/// same file, one applies a change.
pub(super) fn run(connection: &mut Connection) -> Result<(), Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let applied = format(&transaction)?;
    if applied as usize > MIGRATIONS.len() {
        return Err(Error::Store(format!(
            "the database has format {applied}, this server knows {} at most: start the newer server",
            MIGRATIONS.len()
        )));
    }
    for (number, sql) in (1_u32..).zip(MIGRATIONS).skip(applied as usize) {
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "user_version", number)?;
    }
    Ok(transaction.commit()?)
}

/// Changes nothing; fails unless the format is exactly the one this program writes.
pub(super) fn require_current(connection: &Connection) -> Result<(), Error> {
    let applied = format(connection)?;
    if applied as usize == MIGRATIONS.len() {
        return Ok(());
    }
    Err(Error::Store(format!(
        "it has format {applied}, this program writes {}: use the envelock-keyserver that the server runs with",
        MIGRATIONS.len()
    )))
}

fn format(connection: &Connection) -> Result<u32, Error> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}
