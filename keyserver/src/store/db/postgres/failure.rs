//! What PostgreSQL's errors mean to the store.
//!
//! *Invariant:* a text never has the details of an error, as these quote values of rows.

use std::error::Error as _;

use tokio_postgres::error::SqlState;

use crate::error::Error;

/// Kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Other work was in the way: run this again.
    Conflict,
    /// The server cannot be reached, does not let this server in now, or takes no changes.
    Unreachable,
    /// A row was refused because of another one with the same values.
    Taken,
    /// Anything else: a mistake in this server or in the database.
    Other,
}

/// Which kind a failure is of.
pub(super) fn kind(error: &tokio_postgres::Error) -> Kind {
    let Some(state) = error.code() else {
        // No answer from the server itself: the connection. What the driver refuses has no I/O error behind it.
        let lost = error.is_closed() || error.source().is_some_and(|source| source.is::<std::io::Error>());
        return if lost { Kind::Unreachable } else { Kind::Other };
    };
    match *state {
        SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED | SqlState::LOCK_NOT_AVAILABLE => {
            Kind::Conflict
        }
        SqlState::UNIQUE_VIOLATION => Kind::Taken,
        SqlState::ADMIN_SHUTDOWN
        | SqlState::CRASH_SHUTDOWN
        | SqlState::CANNOT_CONNECT_NOW
        | SqlState::TOO_MANY_CONNECTIONS
        | SqlState::READ_ONLY_SQL_TRANSACTION
        | SqlState::QUERY_CANCELED
        | SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT
        | SqlState::DISK_FULL
        | SqlState::OUT_OF_MEMORY => Kind::Unreachable,
        _ if state.code().starts_with("08") => Kind::Unreachable,
        _ => Kind::Other,
    }
}

/// The failure as the domain has it.
pub(super) fn error(error: &tokio_postgres::Error) -> Error {
    let text = text(error);
    match kind(error) {
        Kind::Conflict => Error::Contended,
        Kind::Unreachable => Error::StoreUnreachable(text),
        Kind::Taken | Kind::Other => Error::Store(text),
    }
}

fn text(error: &tokio_postgres::Error) -> String {
    if let Some(error) = error.as_db_error() {
        return format!("PostgreSQL: {} ({})", error.message(), error.code().code());
    }
    match error.source() {
        Some(source) => format!("PostgreSQL: {error}: {source}"),
        None => format!("PostgreSQL: {error}"),
    }
}
