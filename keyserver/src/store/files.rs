//! The bytes of stored objects: one file each, written beside its place and moved there whole.
//!
//! ```text
//! objects/incoming/<uuid>                         being written; emptied at every start
//! objects/<instance>/<2 digits>/<digest>.<uuid>   stored: SHA-256 of the object's name, and what makes it different each time
//! ```
//!
//! *Invariant:* no name of an object is ever part of a path; a file is never changed after it has its place.

use std::{
    fs::{DirBuilder, Permissions},
    io::{ErrorKind, SeekFrom},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};
use tokio::{
    fs::{self, File},
    io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt},
};
use uuid::Uuid;

use crate::{
    error::Error,
    keys::{
        crn::InstanceId,
        object::{Checksum, ObjectName},
    },
};

const INCOMING: &str = "incoming";
const PIECE_BYTES: usize = 128 << 10;

/// The folder of all objects.
pub(crate) struct ObjectFiles {
    root: PathBuf,
}

impl ObjectFiles {
    /// Opens the folder, makes it if missing, and removes what was being written when the server last stopped.
    pub(crate) fn open(root: PathBuf) -> std::io::Result<Self> {
        let incoming = root.join(INCOMING);
        private().create(&incoming)?;
        for entry in std::fs::read_dir(&incoming)? {
            match std::fs::remove_file(entry?.path()) {
                // Moved or removed by another server that shares the folder.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                removed => removed?,
            }
        }
        Ok(Self { root })
    }

    /// A place for an object that no other object has or will have.
    pub(crate) fn place(instance: InstanceId, name: &ObjectName, unique: Uuid) -> String {
        let digest: String = Sha256::digest(name.as_str()).iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{instance}/{}/{digest}.{unique}", &digest[..2])
    }

    /// Begins a file for the place given; `unique` is the last part of its name.
    pub(crate) async fn begin(&self, place: &str, unique: Uuid) -> Result<NewFile, Error> {
        let temporary = self.root.join(INCOMING).join(unique.to_string());
        let file = File::create_new(&temporary).await.map_err(failed)?;
        // Before the first byte: sealed or not, objects are for their owner alone.
        file.set_permissions(Permissions::from_mode(0o600)).await.map_err(failed)?;
        let place = self.root.join(place);
        Ok(NewFile { file, temporary: Temporary(temporary), place, size: 0, digest: Sha256::new() })
    }

    /// A part of a stored file; `None` if it is no longer there.
    pub(crate) async fn read(&self, place: &str, first: u64, length: u64) -> Result<Option<StoredFile>, Error> {
        let mut file = match File::open(self.root.join(place)).await {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        file.seek(SeekFrom::Start(first)).await.map_err(failed)?;
        Ok(Some(StoredFile { file, left: length }))
    }

    /// Removes files; one that is gone already is fine.
    pub(crate) async fn remove(&self, places: &[String]) -> Result<(), Error> {
        for place in places {
            match fs::remove_file(self.root.join(place)).await {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(())
    }
}

/// A file that is being written; gone when dropped before it has its place.
pub(crate) struct NewFile {
    file: File,
    temporary: Temporary,
    place: PathBuf,
    size: u64,
    digest: Sha256,
}

impl NewFile {
    /// Appends.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.digest.update(bytes);
        self.size += bytes.len() as u64;
        self.file.write_all(bytes).await.map_err(failed)
    }

    /// Makes everything durable, moves it to its place, and makes that durable too; [`Error::Contended`] if another server that
    /// started meanwhile has removed it.
    pub(crate) async fn keep(self) -> Result<Kept, Error> {
        let Self { mut file, temporary, place, size, digest } = self;
        file.flush().await.map_err(failed)?;
        file.sync_all().await.map_err(failed)?;
        let moved = tokio::task::spawn_blocking(move || {
            let folder = place.parent().ok_or(ErrorKind::InvalidInput)?;
            private().create(folder)?;
            match std::fs::rename(&temporary.0, &place) {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
                moved => moved?,
            }
            // A new folder is only durable with its own parents.
            folder.ancestors().take(3).try_for_each(sync_folder).map(|()| true)
        })
        .await
        .map_err(|_| Error::Corrupt("a file that was being kept"))?
        .map_err(failed)?;
        if !moved {
            return Err(Error::Contended);
        }
        Ok(Kept { size, checksum: Checksum(digest.finalize().into()) })
    }
}

/// What a file that has its place holds.
pub(crate) struct Kept {
    /// Length in bytes.
    pub(crate) size: u64,
    /// SHA-256 of its bytes.
    pub(crate) checksum: Checksum,
}

/// A part of a stored file, being read.
pub(crate) struct StoredFile {
    file: File,
    left: u64,
}

impl StoredFile {
    /// The next bytes; `None` after the last. A file that is shorter than it has to be is an error.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(PIECE_BYTES);
        if wanted == 0 {
            return Ok(None);
        }
        let mut piece = BytesMut::zeroed(wanted);
        self.file.read_exact(&mut piece).await.map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => Error::Corrupt("the file of an object is too short"),
            _ => failed(error),
        })?;
        self.left -= wanted as u64;
        Ok(Some(piece.freeze()))
    }
}

/// Removed when dropped, unless it was moved away.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // What cannot be removed now is removed at the next start.
        std::fs::remove_file(&self.0).ok();
    }
}

fn private() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder
}

fn sync_folder(folder: &Path) -> std::io::Result<()> {
    std::fs::File::open(folder)?.sync_all()
}

fn failed(error: std::io::Error) -> Error {
    Error::Store(format!("the file of an object: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_upload_that_another_server_sweeps_away_at_its_start_is_to_be_sent_again() {
        let directory = tempfile::tempdir().expect("a directory");
        let files = ObjectFiles::open(directory.path().to_owned()).expect("a folder");
        let mut upload = files.begin("an-instance/00/an-object", Uuid::nil()).await.expect("begun");
        upload.write(b"bytes").await.expect("written");
        ObjectFiles::open(directory.path().to_owned()).expect("the same folder");
        assert!(matches!(upload.keep().await, Err(Error::Contended)));
    }
}
