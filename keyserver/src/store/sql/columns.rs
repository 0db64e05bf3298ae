//! Values as columns: instants, digests, lists.
//!
//! *Invariant:* what cannot be read back is an error that names the column, never a default.

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use crate::{
    error::Error,
    iam::identity::Digest,
    store::db::{Row, unreadable},
};

pub(super) fn millis(at: Timestamp) -> i64 {
    at.as_millisecond()
}

pub(super) fn instant(row: &Row<'_>, column: &str) -> Result<Timestamp, Error> {
    parse_instant(column, row.get(column)?)
}

pub(super) fn optional_instant(row: &Row<'_>, column: &str) -> Result<Option<Timestamp>, Error> {
    row.get::<Option<i64>>(column)?.map(|value| parse_instant(column, value)).transpose()
}

fn parse_instant(column: &str, value: i64) -> Result<Timestamp, Error> {
    Timestamp::from_millisecond(value).map_err(|_| unreadable(column))
}

pub(super) fn digest(row: &Row<'_>, column: &str) -> Result<Digest, Error> {
    row.get(column).map(Digest)
}

/// A text that holds JSON.
pub(super) fn json<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> Result<T, Error> {
    serde_json::from_str(&row.get::<String>(column)?).map_err(|_| unreadable(column))
}
