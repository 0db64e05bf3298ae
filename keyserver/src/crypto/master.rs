//! The master key file.
//!
//! *Invariant:* never overwrites a file, never reads one that others may read, never says what is in it.

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

use crate::keys::{environment::Entropy, material::Secret};

const MASTER_KEY_BYTES: usize = 32;

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// The file is not there.
    #[error(
        "the master key file {0} is missing, but the database holds keys sealed under it; put the file back \
         (a new one would not open them)"
    )]
    Missing(PathBuf),
    /// Others may read or change it.
    #[error("the master key file {path} has permissions {mode:03o}; only its owner may have access: chmod 600 {path}")]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Not what this server writes.
    #[error("the master key file {0} does not hold a 256-bit key in base64; put the right file back")]
    Malformed(PathBuf),
    /// The operating system says no.
    #[error("the master key file {path} cannot be used: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Reads the file; `Ok(None)` when there is none.
pub(crate) fn read(path: &Path) -> Result<Option<Secret>, MasterKeyError> {
    let io = |source| MasterKeyError::Io { path: path.to_owned(), source };
    let mode = match fs::metadata(path) {
        Ok(metadata) => metadata.mode() & 0o777,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(error)),
    };
    if mode & 0o077 != 0 {
        return Err(MasterKeyError::TooOpen { path: path.to_owned(), mode });
    }
    let text = Zeroizing::new(fs::read_to_string(path).map_err(io)?);
    match Base64::decode_vec(text.trim()).map(Secret::new) {
        Ok(key) if key.expose().len() == MASTER_KEY_BYTES => Ok(Some(key)),
        _ => Err(MasterKeyError::Malformed(path.to_owned())),
    }
}

/// Makes a new key and its file, readable by the owner alone and on disk before this returns.
pub(crate) fn create(path: &Path, entropy: &dyn Entropy) -> Result<Secret, MasterKeyError> {
    let io = |source| MasterKeyError::Io { path: path.to_owned(), source };
    let key = Secret::random(MASTER_KEY_BYTES, entropy);
    // Exposed to write the one file that is made to hold it.
    let text = Zeroizing::new(Base64::encode_string(key.expose()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(io)?;
    file.write_all(text.as_bytes()).and_then(|()| file.write_all(b"\n")).and_then(|()| file.sync_all()).map_err(io)?;
    // The name is on disk only once its directory is.
    let directory = path.parent().unwrap_or(Path::new("."));
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(io)?;
    Ok(key)
}
