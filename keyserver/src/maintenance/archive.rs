//! What is inside a backup: a tar archive, so that other programs can look into it.
//!
//! ```text
//! envelock-backup.json            what it is, first
//! tables/<table>/<number>.jsonl   rows; the first line names the columns
//! objects/<place>                 stored objects, as they lie in the data directory
//! master.key                      only if it was asked for by name
//! end.json                        how many rows and objects there are, last: an archive without it is not whole
//! ```
//!
//! *Invariant:* the order above, in writing and in reading.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
};

use serde::{Deserialize, Serialize};

pub(super) const HEAD: &str = "envelock-backup.json";
pub(super) const END: &str = "end.json";
pub(super) const MASTER_KEY: &str = "master.key";
pub(super) const OBJECTS: &str = "objects/";
/// Of this layout.
pub(super) const FORMAT: u32 = 1;

/// The first entry.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Head {
    /// [`FORMAT`].
    pub(super) format: u32,
    /// Format of the tables.
    pub(super) database_format: u32,
    /// Version of the program that made it.
    pub(super) program: String,
    /// The state of which moment it holds, RFC 3339.
    pub(super) made: String,
    /// Whether the stored objects are in it.
    pub(super) objects: bool,
    /// Whether the master key is in it.
    pub(super) master_key: bool,
}

/// The last entry.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct End {
    /// Rows of each table.
    pub(super) rows: BTreeMap<String, u64>,
    /// Stored objects.
    pub(super) objects: u64,
}

/// An archive being written.
pub(super) struct Writer<W: Write>(tar::Builder<W>);

impl<W: Write> Writer<W> {
    pub(super) fn new(output: W) -> Self {
        Self(tar::Builder::new(output))
    }

    /// Adds an entry.
    pub(super) fn add(&mut self, name: &str, bytes: &[u8]) -> std::io::Result<()> {
        self.add_from(name, bytes.len() as u64, bytes)
    }

    /// Adds an entry of a known length.
    pub(super) fn add_from(&mut self, name: &str, length: u64, bytes: impl Read) -> std::io::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_size(length);
        header.set_mode(0o600);
        // tar fills up with nothing what is too short, and the archive would read on in the wrong place.
        let mut exactly = Exactly { bytes, left: length };
        self.0.append_data(&mut header, name, &mut exactly)?;
        if exactly.left > 0 || exactly.bytes.read(&mut [0])? > 0 {
            return Err(std::io::Error::other(format!("{name} has not the length that was noted")));
        }
        Ok(())
    }

    /// Ends the archive and hands back what it was written to.
    pub(super) fn finish(self) -> std::io::Result<W> {
        self.0.into_inner()
    }
}

struct Exactly<R> {
    bytes: R,
    left: u64,
}

impl<R: Read> Read for Exactly<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.bytes.read(&mut buffer[..most])?;
        self.left -= count as u64;
        Ok(count)
    }
}
