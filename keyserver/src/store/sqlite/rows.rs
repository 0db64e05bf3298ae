//! Values as columns: instants, digests, lists.
//!
//! *Invariant:* what cannot be read back is an error that names the column, never a default.

use jiff::Timestamp;
use rusqlite::{Row, types::Type};

use crate::iam::identity::Digest;

pub(super) fn millis(at: Timestamp) -> i64 {
    at.as_millisecond()
}

pub(super) fn instant(row: &Row<'_>, column: &str) -> rusqlite::Result<Timestamp> {
    parse_instant(row, column, row.get(column)?)
}

pub(super) fn optional_instant(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Timestamp>> {
    row.get::<_, Option<i64>>(column)?.map(|value| parse_instant(row, column, value)).transpose()
}

fn parse_instant(row: &Row<'_>, column: &str, value: i64) -> rusqlite::Result<Timestamp> {
    let index = row.as_ref().column_index(column)?;
    Timestamp::from_millisecond(value)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(index, Type::Integer, Box::new(error)))
}

pub(super) fn unreadable(row: &Row<'_>, column: &str) -> rusqlite::Error {
    let index = row.as_ref().column_index(column).unwrap_or_default();
    rusqlite::Error::FromSqlConversionFailure(index, Type::Null, format!("unreadable value in {column}").into())
}

pub(super) fn digest(row: &Row<'_>, column: &str) -> rusqlite::Result<Digest> {
    row.get(column).map(Digest)
}
