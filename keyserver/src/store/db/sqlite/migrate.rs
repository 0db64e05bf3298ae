//! The tables of a SQLite file, brought up to date.
//!
//! *Invariant:* of several programs that open one file, one changes its tables, all of it or nothing.

use rusqlite::{Connection, TransactionBehavior};

use crate::{error::Error, store::db::migrations};

/// Applies what is missing, all of it or nothing. The format is read under the write lock.
pub(super) fn run(connection: &mut Connection) -> Result<(), Error> {
    // A change may replace a table that others refer to; what the references then say is checked at the end.
    connection.pragma_update(None, "foreign_keys", false)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let applied = format(&transaction)?;
    migrations::require_not_newer(applied)?;
    for (number, sql) in migrations::sqlite_after(applied) {
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "user_version", number)?;
    }
    if applied < migrations::FORMAT && transaction.prepare("PRAGMA foreign_key_check")?.exists([])? {
        return Err(Error::Store("a row refers to another that does not exist: restore the database".to_owned()));
    }
    Ok(transaction.commit()?)
}

/// Changes nothing; fails unless the format is exactly the one this program writes.
pub(super) fn require_current(connection: &Connection) -> Result<(), Error> {
    migrations::require_equal(format(connection)?)
}

fn format(connection: &Connection) -> Result<u32, Error> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_the_first_format_is_kept_with_its_versions_and_aliases() {
        let mut connection = Connection::open_in_memory().expect("a database");
        connection.execute_batch(migrations::sqlite_after(0).next().expect("a change").1).expect("the first format");
        connection.pragma_update(None, "user_version", 1).expect("set");
        connection
            .execute_batch(
                "INSERT INTO instances VALUES (x'01', 'i', 'us-south', 'a', 0);
                 INSERT INTO keys VALUES (x'02', x'01', 'default', 'k', NULL, '[]', 0, 0, 256, 1, 'me', 5, NULL, NULL, 1,
                     1, NULL, NULL, 7);
                 INSERT INTO key_versions VALUES (x'02', 1, x'03', 1, x'04');
                 INSERT INTO aliases VALUES (x'01', 'alias', x'02');",
            )
            .expect("a key");
        run(&mut connection).expect("up to date");
        require_current(&connection).expect("up to date");
        connection.pragma_update(None, "foreign_keys", true).expect("set");
        connection.execute("UPDATE keys SET state = 3 WHERE revision = 7", []).expect("a state of the new format");
        let counts = "SELECT count(*) FROM keys JOIN key_versions ON key_id = keys.id JOIN aliases USING (key_id)";
        let count = |connection: &Connection| connection.query_row(counts, [], |row| row.get::<_, i64>(0));
        assert_eq!(count(&connection).expect("a count"), 1);
        connection.execute("DELETE FROM keys", []).expect("gone");
        let rest = "SELECT (SELECT count(*) FROM key_versions) + (SELECT count(*) FROM aliases)";
        assert_eq!(connection.query_row(rest, [], |row| row.get::<_, i64>(0)).expect("a count"), 0);
    }
    #[test]
    fn events_of_an_older_format_become_a_chain_that_can_be_searched() {
        let mut connection = Connection::open_in_memory().expect("a database");
        connection.execute_batch(migrations::sqlite_after(0).next().expect("a change").1).expect("the first format");
        connection.pragma_update(None, "user_version", 1).expect("set");
        let event = r#"{"outcome":"failure","correlationId":"0b9f7d0e-7e43-4a0b-8f3f-2f1d6c5b4a39","initiator":{"id":"me"},
            "responseData":{"keyId":"5a0c2c1e-7d0e-4b57-9d52-3b6a4f0f7c11"}}"#;
        for number in [3, 7] {
            connection
                .execute("INSERT INTO events VALUES (?1, ?1, 5, NULL, 'kms.secrets.wrap', ?2)", (number, event))
                .expect("an event");
        }
        run(&mut connection).expect("up to date");
        let found =
            "SELECT sequence, hex(writer), hash IS NULL, hex(key_id), initiator, failed, hex(correlation), event
                     FROM events ORDER BY sequence";
        let mut statement = connection.prepare(found).expect("a table");
        let row = |row: &rusqlite::Row<'_>| {
            let texts = [1, 3, 4, 6, 7].map(|column| row.get::<_, String>(column).expect("a text"));
            Ok((row.get::<_, i64>(0)?, row.get::<_, bool>(2)?, row.get::<_, bool>(5)?, texts))
        };
        let rows: Vec<_> = statement.query_map([], row).expect("rows").map(|row| row.expect("a row")).collect();
        let texts =
            [&"0".repeat(32), "5A0C2C1E7D0E4B579D523B6A4F0F7C11", "me", "0B9F7D0E7E434A0B8F3F2F1D6C5B4A39", event]
                .map(str::to_owned);
        assert_eq!(rows, [(1, true, true, texts.clone()), (2, true, true, texts)]);
    }
}
