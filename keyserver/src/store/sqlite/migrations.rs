//! Forward-only, numbered changes of the tables.
//!
//! *Invariant:* a released migration is never edited; a database from a newer server is not touched.

use rusqlite::Connection;

use crate::error::Error;

const MIGRATIONS: [&str; 1] = [include_str!("../migrations/0001_start.sql")];

/// Applies what is missing, each change in a transaction of its own.
pub(super) fn run(connection: &mut Connection) -> Result<(), Error> {
    let applied: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if applied as usize > MIGRATIONS.len() {
        return Err(Error::Store(format!(
            "the database has format {applied}, this server knows {} at most: start the newer server",
            MIGRATIONS.len()
        )));
    }
    for (number, sql) in (1_u32..).zip(MIGRATIONS).skip(applied as usize) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}
