//! Computations that take long.
//!
//! *Invariant:* no thread that serves requests waits for one.

use crate::error::Error;

/// Runs it on a thread of its own.
pub(super) async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(Error::Corrupt("a computation panicked")))
}
