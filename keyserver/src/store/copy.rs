//! The whole database, out of one state of it and into an empty one.
//!
//! *Invariant:* rows pass through here as they are; what they mean is for others.

use async_trait::async_trait;

use crate::{
    error::Error,
    store::tables::{Cell, Table},
};

/// Takes rows.
pub(crate) trait Sink: Send + Sync {
    /// A copy begins; what was taken before, if anything, is void.
    fn begin(&self) -> Result<(), Error>;
    /// Rows of a table, each with a cell for each column. Tables come in the order of their list, rows in that of their key.
    fn take(&self, table: &'static Table, rows: Vec<Vec<Cell>>) -> Result<(), Error>;
}

/// Where rows of a copy go.
pub(crate) type Put<'a> = dyn FnMut(&'static Table, &[Cell]) -> Result<(), Error> + 'a;

/// Gives rows.
pub(crate) trait Source: Send + Sync {
    /// Gives every row, in an order in which each comes after those that it refers to. May be asked for them again.
    fn give(&self, put: &mut Put<'_>) -> Result<(), Error>;
}

/// Copies of everything.
#[async_trait]
pub(crate) trait Copies: Send + Sync {
    /// Hands out all rows as they are at one moment, also while others change them.
    async fn copy_out(&self, sink: std::sync::Arc<dyn Sink>) -> Result<(), Error>;
    /// The first table that has rows, if any has.
    async fn occupied(&self) -> Result<Option<&'static str>, Error>;
    /// Stores all rows in one transaction, in which the tables must be empty ([`Error::Store`] otherwise).
    async fn copy_in(&self, source: std::sync::Arc<dyn Source>) -> Result<(), Error>;
}
