//! Forward-only, numbered changes of the tables.
//!
//! *Invariant:* a released change is never edited; a database from a newer server is not touched.

use super::dialect;
use crate::error::Error;

/// One change of the tables.
enum Change {
    /// Older than PostgreSQL here.
    Sqlite(&'static str),
    /// In the words of [`dialect`], which every database understands.
    #[expect(dead_code, reason = "the next change is written so, if it can be")]
    Both(&'static str),
    /// Something that one text cannot say.
    #[expect(dead_code, reason = "the next change is written so, if it must be")]
    Each { sqlite: &'static str, postgres: &'static str },
}

use Change::Sqlite;

const CHANGES: &[Change] = &[
    Sqlite(include_str!("../migrations/0001_start.sql")),
    Sqlite(include_str!("../migrations/0002_lifecycle.sql")),
    Sqlite(include_str!("../migrations/0003_policies.sql")),
    Sqlite(include_str!("../migrations/0004_rings_and_registrations.sql")),
    Sqlite(include_str!("../migrations/0006_services.sql")),
    Sqlite(include_str!("../migrations/0007_rotation_due.sql")),
    Sqlite(include_str!("../migrations/0005_iam.sql")),
    Sqlite(include_str!("../migrations/0008_instance_policies.sql")),
    Sqlite(include_str!("../migrations/0009_import_tokens.sql")),
    Sqlite(include_str!("../migrations/0010_identities.sql")),
    Sqlite(include_str!("../migrations/0011_signing_keys.sql")),
    Sqlite(include_str!("../migrations/0012_resource_groups.sql")),
    Sqlite(include_str!("../migrations/0013_stored_bytes.sql")),
    Sqlite(include_str!("../migrations/0014_custody.sql")),
    Sqlite(include_str!("../migrations/0015_audit_chain.sql")),
];

/// With what PostgreSQL begins: the tables as they are after the last change that SQLite alone has gone through.
const POSTGRES_START: &str = include_str!("../migrations/postgres_start.sql");

/// Format of the tables: how many changes have made them.
#[expect(clippy::cast_possible_truncation, reason = "there are few")]
pub(crate) const FORMAT: u32 = CHANGES.len() as u32;

/// What brings a SQLite database from one format to the newest, with the format after each step.
pub(super) fn sqlite_after(format: u32) -> impl Iterator<Item = (u32, &'static str)> {
    let numbered = (1..).zip(CHANGES).skip(format as usize);
    numbered.map(|(number, change)| match change {
        Change::Sqlite(sql) | Change::Both(sql) | Change::Each { sqlite: sql, .. } => (number, *sql),
    })
}

/// What brings a PostgreSQL database from one format to the newest, with the format after each step.
pub(super) fn postgres_after(format: u32) -> impl Iterator<Item = (u32, String)> {
    let before = (1..).zip(CHANGES).filter(|(_, change)| matches!(change, Change::Sqlite(_))).map(|(number, _)| number);
    let start = before.last().unwrap_or_default();
    let steps = (1..).zip(CHANGES).filter_map(move |(number, change)| match change {
        Change::Sqlite(_) => (number == start).then(|| (number, POSTGRES_START.to_owned())),
        Change::Both(sql) => Some((number, dialect::for_postgres(sql))),
        Change::Each { postgres, .. } => Some((number, (*postgres).to_owned())),
    });
    steps.filter(move |(number, _)| *number > format)
}

/// Refuses a database of a newer server.
pub(super) fn require_not_newer(format: u32) -> Result<(), Error> {
    if format <= FORMAT {
        return Ok(());
    }
    Err(Error::Store(format!(
        "the database has format {format}, this server knows {} at most: start the newer server",
        FORMAT
    )))
}

/// Refuses any format but the one this program writes.
pub(super) fn require_equal(format: u32) -> Result<(), Error> {
    if format == FORMAT {
        return Ok(());
    }
    Err(Error::Store(format!(
        "it has format {format}, this program writes {}: use the envelock-keyserver that the server runs with",
        FORMAT
    )))
}
