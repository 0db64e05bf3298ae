//! A backup: one state of an installation, encrypted, in one file.
//!
//! *Invariant:* the file has its name only once it is whole and on disk; the master key is in it only if that was asked for.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{BufWriter, ErrorKind},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use age::stream::StreamWriter;
use jiff::Timestamp;
use serde_json::Value as Json;
use zeroize::Zeroizing;

use super::{
    archive::{End, FORMAT, HEAD, Head, MASTER_KEY, OBJECTS, Writer},
    encryption::Lock,
    failure::MaintenanceError,
    keep_name,
};
use crate::{
    error::Error,
    store::{
        copy::{Copies, Sink},
        tables::{Cell, Table},
    },
};

/// How often a copy begins anew because an object went away between its row and its file.
const ATTEMPTS: usize = 5;

/// What goes into a backup, and where it goes.
pub struct BackupOptions {
    /// The file to write; there must be none.
    pub output: PathBuf,
    /// Who can open it.
    pub lock: Lock,
    /// Whether the stored objects go in.
    pub objects: bool,
    /// Whether the master key goes in.
    pub master_key: bool,
}

/// What a backup holds.
#[derive(Debug)]
pub struct BackupReport {
    /// Rows of all tables.
    pub rows: u64,
    /// Stored objects.
    pub objects: u64,
    /// Size of the file in bytes.
    pub bytes: u64,
}

/// Where the parts of an installation are.
pub(crate) struct Places {
    /// Folder of the stored objects.
    pub(crate) objects: PathBuf,
    /// File of the master key.
    pub(crate) master_key: PathBuf,
}

/// Writes a backup. Asks nothing of a server that runs on the same database, and does not keep it waiting.
pub(crate) async fn backup(
    store: &dyn Copies,
    places: &Places,
    options: BackupOptions,
    database_format: u32,
    now: Timestamp,
) -> Result<BackupReport, MaintenanceError> {
    let BackupOptions { output, lock, objects, master_key } = options;
    if output.exists() {
        return Err(MaintenanceError::Exists(output));
    }
    let head = Head {
        format: FORMAT,
        database_format,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        made: now.to_string(),
        objects,
        master_key,
    };
    let links = places.objects.join(format!("backup-{}", std::process::id()));
    let draft = Draft(output.with_added_extension(format!("{}.part", std::process::id())));
    let sink = Arc::new(Taker {
        head,
        lock,
        draft: draft.0.clone(),
        objects: places.objects.clone(),
        links: Links(links),
        begun: Mutex::new(None),
    });
    for _ in 0..ATTEMPTS {
        match store.copy_out(Arc::clone(&sink) as Arc<dyn Sink>).await {
            Ok(()) => {}
            Err(_) if sink.is_unsteady() => continue,
            Err(error) => return Err(error.into()),
        }
        let master_key = if master_key { Some(places.master_key.as_path()) } else { None };
        let report = sink.complete(master_key).map_err(MaintenanceError::io(&draft.0))?;
        // A link, unlike a rename, replaces nothing.
        fs::hard_link(&draft.0, &output).map_err(MaintenanceError::io(&output))?;
        keep_name(&output)?;
        return Ok(report);
    }
    Err(MaintenanceError::Unsteady)
}

/// The file while it is not whole; gone when dropped.
struct Draft(PathBuf);

impl Drop for Draft {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.0));
    }
}

/// Second names of the files of objects: they stay while the copy is written, also when an object is removed.
struct Links(PathBuf);

impl Drop for Links {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// Writes rows as they come.
struct Taker {
    head: Head,
    lock: Lock,
    draft: PathBuf,
    objects: PathBuf,
    links: Links,
    begun: Mutex<Option<Begun>>,
}

/// A copy under way.
struct Begun {
    archive: Writer<StreamWriter<BufWriter<File>>>,
    end: End,
    files: Vec<(String, u64)>,
    parts: u64,
    unsteady: bool,
}

impl Sink for Taker {
    fn begin(&self) -> Result<(), Error> {
        let begun = self.open().map_err(|error| Error::Store(error.to_string()))?;
        *self.begun.lock().unwrap_or_else(PoisonError::into_inner) = Some(begun);
        Ok(())
    }

    fn take(&self, table: &'static Table, rows: Vec<Vec<Cell>>) -> Result<(), Error> {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = begun.as_mut().ok_or(Error::Corrupt("a copy that was not begun"))?;
        self.write(begun, table, &rows).map_err(|error| Error::Store(error.to_string()))
    }
}

impl Taker {
    fn open(&self) -> std::io::Result<Begun> {
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&self.draft)?;
        let mut archive = Writer::new(self.lock.around(BufWriter::new(file))?);
        archive.add(HEAD, &serde_json::to_vec(&self.head)?)?;
        if self.head.objects {
            drop(fs::remove_dir_all(&self.links.0));
            DirBuilder::new().recursive(true).mode(0o700).create(&self.links.0)?;
        }
        Ok(Begun { archive, end: End::default(), files: Vec::new(), parts: 0, unsteady: false })
    }

    fn write(&self, begun: &mut Begun, table: &'static Table, rows: &[Vec<Cell>]) -> std::io::Result<()> {
        let names: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
        let mut text = serde_json::to_vec(&names)?;
        for row in rows {
            text.push(b'\n');
            serde_json::to_writer(&mut text, &row.iter().map(Cell::to_json).collect::<Vec<Json>>())?;
        }
        text.push(b'\n');
        begun.parts += 1;
        begun.archive.add(&format!("tables/{}/{:06}.jsonl", table.name, begun.parts), &text)?;
        *begun.end.rows.entry(table.name.to_owned()).or_default() += rows.len() as u64;
        if self.head.objects && table.name == "objects" {
            for row in rows {
                self.hold(begun, table, row)?;
            }
        }
        Ok(())
    }

    /// Gives the file of an object a second name.
    fn hold(&self, begun: &mut Begun, table: &'static Table, row: &[Cell]) -> std::io::Result<()> {
        let cell = |name| table.column(name).and_then(|place| row.get(place));
        let (Some(Cell::Text(place)), Some(Cell::Number(size))) = (cell("file"), cell("size")) else {
            return Err(std::io::Error::other("a row of `objects` that is none"));
        };
        let link = self.links.0.join(begun.files.len().to_string());
        match fs::hard_link(self.objects.join(place), link) {
            Ok(()) => {}
            Err(error) => {
                begun.unsteady = error.kind() == ErrorKind::NotFound;
                return Err(error);
            }
        }
        begun.files.push((place.clone(), size.unsigned_abs()));
        Ok(())
    }

    fn is_unsteady(&self) -> bool {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).as_ref().is_some_and(|begun| begun.unsteady)
    }

    /// Adds what is not in the database, and makes the file durable.
    fn complete(&self, master_key: Option<&Path>) -> std::io::Result<BackupReport> {
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Begun { mut archive, mut end, files, .. } =
            begun.ok_or_else(|| std::io::Error::other("a copy that was not begun"))?;
        for (number, (place, size)) in files.iter().enumerate() {
            let file = File::open(self.links.0.join(number.to_string()))?;
            archive.add_from(&format!("{OBJECTS}{place}"), *size, file)?;
        }
        end.objects = files.len() as u64;
        if let Some(path) = master_key {
            archive.add(MASTER_KEY, &Zeroizing::new(fs::read(path)?))?;
        }
        archive.add(super::archive::END, &serde_json::to_vec(&end)?)?;
        let file = archive.finish()?.finish()?.into_inner().map_err(|error| error.into_error())?;
        file.sync_all()?;
        let bytes = file.metadata()?.len();
        Ok(BackupReport { rows: end.rows.values().sum(), objects: end.objects, bytes })
    }
}
