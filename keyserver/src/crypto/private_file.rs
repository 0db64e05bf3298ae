//! Short texts in files that are their owner's alone.
//!
//! *Invariant:* never reads a file that others may read or own, but for one of root's that nobody may write; never says what is in it.

use std::{
    fs::File,
    io::{ErrorKind, Read},
    os::unix::fs::MetadataExt,
    path::Path,
};

use zeroize::Zeroizing;

/// Longer files are other files.
const MAX_BYTES: usize = 4096;

/// Why a file is not read, in words that follow its name.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileFault {
    /// Others may read or change it; its permission bits.
    #[error("has permissions {0:03o}; only its owner may have access: chmod 600")]
    TooOpen(u32),
    /// It belongs to this user.
    #[error("belongs to user {0}; it must belong to the user the server runs as")]
    Foreign(u32),
    /// It cannot be what it is named for.
    #[error("is longer than {MAX_BYTES} bytes; name the right file")]
    TooLong,
    /// The operating system says no, or it is no text.
    #[error("cannot be read: {0}")]
    Io(std::io::Error),
}

/// The whole text; `Ok(None)` when there is no file.
pub(crate) fn read(path: &Path) -> Result<Option<Zeroizing<String>>, FileFault> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(FileFault::Io(error)),
    };
    // Of what was opened, not of what the path names by now.
    let metadata = file.metadata().map_err(FileFault::Io)?;
    let mode = metadata.mode() & 0o777;
    // As systemd hands credentials out: root's, for nobody to write, and read by whom an access list names.
    let handed_out = metadata.uid() == 0 && metadata.gid() == 0 && mode & 0o337 == 0;
    if !handed_out && mode & 0o077 != 0 {
        return Err(FileFault::TooOpen(mode));
    }
    if !handed_out && metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(FileFault::Foreign(metadata.uid()));
    }
    // All of its room at once, so that no copy is left behind when it grows.
    let mut text = Zeroizing::new(String::with_capacity(MAX_BYTES + 1));
    (&mut file).take(MAX_BYTES as u64 + 1).read_to_string(&mut text).map_err(FileFault::Io)?;
    if text.len() > MAX_BYTES { Err(FileFault::TooLong) } else { Ok(Some(text)) }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn a_file_is_read_whole_or_not_at_all() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("secret");
        let held = |length: usize| {
            fs::write(&path, "x".repeat(length)).expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
            read(&path)
        };
        assert_eq!(held(MAX_BYTES).expect("read").expect("there").len(), MAX_BYTES);
        assert!(matches!(held(MAX_BYTES + 1), Err(FileFault::TooLong)));
        assert!(read(&folder.path().join("none")).expect("no error").is_none());
    }
}
