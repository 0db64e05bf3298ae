//! A backup put back into an empty installation.
//!
//! *Invariant:* the whole backup was read and found sound before the first row is written; rows are stored in one transaction, and
//! nothing that is there already is overwritten.

use std::{
    collections::HashMap,
    fs::{DirBuilder, File, OpenOptions},
    io::{BufReader, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{
    archive::{END, End, FORMAT, HEAD, Head, MASTER_KEY, OBJECTS},
    backup::Places,
    encryption::Opener,
    failure::MaintenanceError,
    keep_name,
};
use crate::{
    error::Error,
    store::{
        copy::{Copies, Put, Source},
        tables::{Cell, Table},
    },
};

/// More than any part of a table; a longer one is not a part of a table.
const MAX_PART_BYTES: u64 = 1 << 30;
const MAX_SMALL_BYTES: u64 = 1 << 20;

/// What was restored.
#[derive(Debug)]
pub struct RestoreReport {
    /// Rows of all tables.
    pub rows: u64,
    /// Stored objects.
    pub objects: u64,
    /// Whether the backup has the objects in it; otherwise their folder has to be copied beside the database.
    pub has_objects: bool,
    /// Whether the master key was in it and has been put in its place.
    pub master_key: bool,
    /// The state of which moment it is.
    pub made: String,
}

/// Reads the backup twice: to see that it is sound, and to store it.
pub(crate) async fn restore(
    store: &dyn Copies,
    places: &Places,
    input: &Path,
    opener: Opener,
    database_format: u32,
) -> Result<RestoreReport, MaintenanceError> {
    if let Some(table) = store.occupied().await? {
        return Err(MaintenanceError::NotEmpty(table));
    }
    let objects = places.objects.clone();
    let backup = Arc::new(Backup { input: input.to_owned(), opener, objects, database_format });
    let mut check = Check::default();
    let (head, end) = backup.walk(&mut check)?;
    if head.objects && !check.objects.is_empty() {
        return Err(unusable("an object is not in it, though its row is"));
    }
    if head.master_key && places.master_key.exists() {
        return Err(MaintenanceError::Exists(places.master_key.clone()));
    }
    store.copy_in(Arc::clone(&backup) as Arc<dyn Source>).await?;
    if let Some(key) = &check.master_key {
        let put = || -> std::io::Result<()> {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&places.master_key)?;
            file.write_all(key)?;
            file.sync_all()
        };
        put().map_err(MaintenanceError::io(&places.master_key))?;
        keep_name(&places.master_key)?;
    }
    Ok(RestoreReport {
        rows: end.rows.values().sum(),
        objects: end.objects,
        has_objects: head.objects,
        master_key: head.master_key,
        made: head.made,
    })
}

/// What is done with the parts of a backup.
trait Visitor {
    fn rows(&mut self, table: &'static Table, rows: &[Vec<Cell>]) -> Result<(), MaintenanceError>;
    fn object(&mut self, place: &str, size: u64, bytes: &mut dyn Read) -> Result<(), MaintenanceError>;
    fn master_key(&mut self, text: Zeroizing<Vec<u8>>);
}

/// A backup to be read.
struct Backup {
    input: PathBuf,
    opener: Opener,
    objects: PathBuf,
    database_format: u32,
}

fn unusable(why: impl Into<String>) -> MaintenanceError {
    MaintenanceError::NotABackup(why.into())
}

impl Backup {
    /// Goes through all of it. An error at any place means that it cannot be used.
    fn walk(&self, visitor: &mut dyn Visitor) -> Result<(Head, End), MaintenanceError> {
        let file = File::open(&self.input).map_err(MaintenanceError::io(&self.input))?;
        let mut archive = tar::Archive::new(self.opener.open(BufReader::new(file))?);
        let locked = |error: std::io::Error| MaintenanceError::Locked(error.to_string());
        let (mut head, mut end, mut counted) = (None, None, End::default());
        for entry in archive.entries().map_err(locked)? {
            let mut entry = entry.map_err(locked)?;
            let size = entry.size();
            let name = entry.path_bytes().into_owned();
            let name = String::from_utf8(name).map_err(|_| unusable("an entry without a readable name"))?;
            let small = |entry: &mut dyn Read, most| {
                if size > most {
                    return Err(unusable(format!("{name} is too long")));
                }
                let mut bytes = Zeroizing::new(Vec::new());
                entry.read_to_end(&mut bytes).map_err(locked)?;
                Ok(bytes)
            };
            match (&head, &end, name.as_str()) {
                (_, Some(_), _) => return Err(unusable("something comes after its end")),
                (None, _, HEAD) => head = Some(first(&small(&mut entry, MAX_SMALL_BYTES)?, self.database_format)?),
                (None, ..) => return Err(unusable(format!("it does not begin with {HEAD}"))),
                (Some(_), None, END) => {
                    let bytes = small(&mut entry, MAX_SMALL_BYTES)?;
                    end = Some(serde_json::from_slice::<End>(&bytes).map_err(|_| unusable("its end is not readable"))?);
                }
                (Some(head), None, MASTER_KEY) if head.master_key => {
                    visitor.master_key(small(&mut entry, MAX_SMALL_BYTES)?);
                }
                (Some(head), None, other) => match other.split_once('/') {
                    Some(("tables", rest)) => {
                        let (table, rows) = rows(rest, &small(&mut entry, MAX_PART_BYTES)?)?;
                        *counted.rows.entry(table.name.to_owned()).or_default() += rows.len() as u64;
                        visitor.rows(table, &rows)?;
                    }
                    Some(_) if head.objects && other.starts_with(OBJECTS) => {
                        counted.objects += 1;
                        visitor.object(&other[OBJECTS.len()..], size, &mut entry)?;
                    }
                    _ => return Err(unusable(format!("{other} does not belong in a backup"))),
                },
            }
        }
        match (head, end) {
            (Some(head), Some(end)) if end == counted => Ok((head, end)),
            (_, None) => Err(unusable("its end is missing: it was cut off")),
            _ => Err(unusable("it has not as many rows or objects as it says")),
        }
    }
}

fn first(bytes: &[u8], database_format: u32) -> Result<Head, MaintenanceError> {
    let head: Head = serde_json::from_slice(bytes).map_err(|_| unusable("its first entry is not readable"))?;
    if head.format != FORMAT {
        return Err(unusable(format!("it has layout {}, this program knows {FORMAT}", head.format)));
    }
    if head.database_format != database_format {
        return Err(MaintenanceError::Format { found: head.database_format, expected: database_format });
    }
    Ok(head)
}

fn rows(name: &str, bytes: &[u8]) -> Result<(&'static Table, Vec<Vec<Cell>>), MaintenanceError> {
    let bad = || unusable(format!("tables/{name} is not readable"));
    let table = name.split_once('/').and_then(|(table, _)| Table::named(table)).ok_or_else(bad)?;
    let mut lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let names: Vec<String> = lines.next().and_then(|line| serde_json::from_slice(line).ok()).ok_or_else(bad)?;
    if !names.iter().map(String::as_str).eq(table.columns.iter().map(|(name, _)| *name)) {
        return Err(unusable(format!("tables/{name} has other columns than this program")));
    }
    let row = |line: &[u8]| -> Option<Vec<Cell>> {
        let values: Vec<Json> = serde_json::from_slice(line).ok()?;
        let cells = table.columns.iter().zip(&values).map(|((_, kind), value)| Cell::from_json(*kind, value));
        (values.len() == table.columns.len()).then(|| cells.collect())?
    };
    let rows = lines.map(row).collect::<Option<_>>().ok_or_else(bad)?;
    Ok((table, rows))
}

/// Size and checksum of a file.
type Noted = (u64, [u8; 32]);

/// Looks at everything and changes nothing.
#[derive(Default)]
struct Check {
    objects: HashMap<String, Noted>,
    master_key: Option<Zeroizing<Vec<u8>>>,
}

impl Check {
    /// What the row of a file says of it.
    fn noted(&mut self, place: &str) -> Result<Noted, MaintenanceError> {
        self.objects.remove(place).ok_or_else(|| unusable("a file without an object"))
    }
}

fn is_as_noted(place: &str, is: Noted, noted: Noted) -> Result<(), MaintenanceError> {
    if is == noted {
        return Ok(());
    }
    Err(unusable(format!("object file {place} has not the checksum that was noted when it was stored")))
}

impl Visitor for Check {
    fn rows(&mut self, table: &'static Table, rows: &[Vec<Cell>]) -> Result<(), MaintenanceError> {
        if table.name != "objects" {
            return Ok(());
        }
        for row in rows {
            let cell = |name| table.column(name).and_then(|place| row.get(place));
            let (Some(Cell::Text(file)), Some(Cell::Number(size)), Some(Cell::Bytes(checksum))) =
                (cell("file"), cell("size"), cell("checksum"))
            else {
                return Err(unusable("a row of `objects` that is none"));
            };
            let checksum = checksum.as_slice().try_into().map_err(|_| unusable("a checksum that is none"))?;
            let size = u64::try_from(*size).map_err(|_| unusable("a size that is none"))?;
            if !Path::new(file).components().all(|part| matches!(part, Component::Normal(_))) {
                return Err(unusable("the file of an object lies outside the folder of objects"));
            }
            self.objects.insert(file.clone(), (size, checksum));
        }
        Ok(())
    }

    fn object(&mut self, place: &str, size: u64, bytes: &mut dyn Read) -> Result<(), MaintenanceError> {
        let noted = self.noted(place)?;
        let mut hashed = Hashed { digest: Sha256::new(), to: std::io::sink() };
        std::io::copy(bytes, &mut hashed).map_err(|error| MaintenanceError::Locked(error.to_string()))?;
        is_as_noted(place, (size, hashed.digest.finalize().into()), noted)
    }

    fn master_key(&mut self, text: Zeroizing<Vec<u8>>) {
        self.master_key = Some(text);
    }
}

/// Hashes what it writes.
struct Hashed<W> {
    digest: Sha256,
    to: W,
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.digest.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.to.flush()
    }
}

/// Stores rows, and puts files where their rows say. Checks once more, as the file may be another one by now.
struct Storing<'a, 'b> {
    check: Check,
    put: &'a mut Put<'b>,
    objects: &'a Path,
}

impl Visitor for Storing<'_, '_> {
    fn rows(&mut self, table: &'static Table, rows: &[Vec<Cell>]) -> Result<(), MaintenanceError> {
        self.check.rows(table, rows)?;
        rows.iter().try_for_each(|row| (self.put)(table, row)).map_err(MaintenanceError::from)
    }

    fn object(&mut self, place: &str, size: u64, bytes: &mut dyn Read) -> Result<(), MaintenanceError> {
        let noted = self.check.noted(place)?;
        let path = self.objects.join(place);
        let mut store = || -> std::io::Result<[u8; 32]> {
            let folder = path.parent().ok_or(std::io::ErrorKind::InvalidInput)?;
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
            let mut hashed = Hashed { digest: Sha256::new(), to: file };
            std::io::copy(bytes, &mut hashed)?;
            hashed.to.sync_all()?;
            File::open(folder)?.sync_all()?;
            Ok(hashed.digest.finalize().into())
        };
        let checksum = store().map_err(MaintenanceError::io(&path))?;
        is_as_noted(place, (size, checksum), noted)
    }

    fn master_key(&mut self, _: Zeroizing<Vec<u8>>) {}
}

impl Source for Backup {
    fn give(&self, put: &mut Put<'_>) -> Result<(), Error> {
        let mut storing = Storing { check: Check::default(), put, objects: &self.objects };
        self.walk(&mut storing).map(drop).map_err(|error| Error::Store(error.to_string()))
    }
}
