//! The master key file.
//!
//! *Invariant:* never overwrites a file, never reads one that [`private_file`] does not, never says what is in it.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

use crate::{
    crypto::private_file::{self, FileFault},
    keys::{environment::Entropy, material::Secret},
};

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
    /// Somebody else's.
    #[error("the master key file {path} belongs to user {owner}; it must belong to the user the server runs as")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Its owner.
        owner: u32,
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

/// The file of this name beside a master key's: the key that is to come, or the one before.
pub(crate) fn beside(path: &Path, which: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(which);
    name.into()
}

/// The key to seal under: the one that is to come, from the moment its file is there.
pub(crate) fn newest(path: &Path) -> Result<Option<Secret>, MasterKeyError> {
    match read(&beside(path, "next"))? {
        Some(next) => Ok(Some(next)),
        None => read(path),
    }
}

/// Reads the file; `Ok(None)` when there is none.
pub(crate) fn read(path: &Path) -> Result<Option<Secret>, MasterKeyError> {
    let text = private_file::read(path).map_err(|fault| match fault {
        FileFault::TooOpen(mode) => MasterKeyError::TooOpen { path: path.to_owned(), mode },
        FileFault::Foreign(owner) => MasterKeyError::Foreign { path: path.to_owned(), owner },
        FileFault::TooLong => MasterKeyError::Malformed(path.to_owned()),
        FileFault::Io(source) => MasterKeyError::Io { path: path.to_owned(), source },
    })?;
    let Some(text) = text else { return Ok(None) };
    match Base64::decode_vec(text.trim()).map(Secret::new) {
        Ok(key) if key.expose().len() == MASTER_KEY_BYTES => Ok(Some(key)),
        _ => Err(MasterKeyError::Malformed(path.to_owned())),
    }
}

/// Makes a new key and its file, readable by the owner alone and on disk before this returns. The file is there whole or
/// not at all, also after a crash.
pub(crate) fn create(path: &Path, entropy: &dyn Entropy) -> Result<Secret, MasterKeyError> {
    let io = |source| MasterKeyError::Io { path: path.to_owned(), source };
    let key = Secret::random(MASTER_KEY_BYTES, entropy);
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let draft = directory.join(format!(".master.key.{}", entropy.uuid().simple()));
    // A link, unlike a rename, replaces nothing.
    let made = write(&draft, &key).and_then(|()| fs::hard_link(&draft, path));
    let removed = fs::remove_file(&draft);
    made.and(removed).map_err(io)?;
    // The name is on disk only once its directory is.
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(io)?;
    Ok(key)
}

fn write(draft: &Path, key: &Secret) -> std::io::Result<()> {
    // Exposed to write the one file that is made to hold it.
    let text = Zeroizing::new(Base64::encode_string(key.expose()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;
    use crate::state::SystemEntropy;

    #[test]
    fn a_new_file_appears_whole_and_replaces_nothing() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a-key");
        let key = create(&path, &SystemEntropy).expect("made");
        let again = read(&path).expect("read").expect("there");
        assert_eq!(again.expose(), key.expose());
        assert_eq!(fs::metadata(&path).expect("made").mode() & 0o777, 0o600);

        assert!(matches!(create(&path, &SystemEntropy), Err(MasterKeyError::Io { .. })));
        assert_eq!(read(&path).expect("read").expect("there").expose(), key.expose());
        let names: Vec<_> = fs::read_dir(directory.path()).expect("a directory").collect();
        assert_eq!(names.len(), 1, "a draft was left: {names:?}");
    }
}
