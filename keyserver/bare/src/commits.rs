//! One row a commit: what a journal could do at most that answers each request by a transaction of its own.
//!
//! *Invariant:* the same database, durability and length of rows as the key server's journal, and no work besides.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use rusqlite::Connection;

/// About as long as the event of a wrap.
const EVENT_BYTES: usize = 1400;

/// Writes rows into a file in this folder for that long and prints how many a second became durable.
pub(crate) fn run(folder: &Path, time: Duration) -> rusqlite::Result<()> {
    let connection = Connection::open(folder.join("commits.db"))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection
        .execute_batch("CREATE TABLE IF NOT EXISTS events (sequence INTEGER PRIMARY KEY, event TEXT NOT NULL)")?;
    let event = "e".repeat(EVENT_BYTES);
    let mut insert = connection.prepare("INSERT INTO events (event) VALUES (?)")?;
    let (started, mut rows) = (Instant::now(), 0_u32);
    while started.elapsed() < time {
        insert.execute([&event])?;
        rows += 1;
    }
    println!("{}", f64::from(rows) / started.elapsed().as_secs_f64());
    Ok(())
}
