//! Files of objects against their rows.
//!
//! *Invariant:* what looks wrong is looked at once more with rows read afterwards, as objects come and go meanwhile.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{ErrorKind, Read},
    path::Path,
};

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    CheckReport,
    rows::{Object, Rows},
};
use crate::maintenance::failure::MaintenanceError;

/// Files that hold no object or are about to, as the server and backups use them.
const WORK_FOLDERS: [&str; 2] = ["incoming", "backup-"];

/// What may be wrong with a file.
pub(super) enum Suspect {
    /// A row without its file.
    Missing(String),
    /// A file without a row.
    Orphan(String),
}

/// Reads every object; what may be due to changes made meanwhile is left for [`confirm`].
pub(super) fn compare(rows: &Rows, root: &Path, report: &mut CheckReport) -> Result<Vec<Suspect>, MaintenanceError> {
    let mut suspects = Vec::new();
    let mut buffer = vec![0; 1 << 17];
    for (file, object) in &rows.objects {
        match digest(&root.join(file), &mut buffer) {
            Ok(found) => {
                report.objects += 1;
                if found != (object.size, object.checksum.clone()) {
                    report.find("OBJECT_ALTERED", file, "its bytes are not those that were stored");
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => suspects.push(Suspect::Missing(file.clone())),
            Err(error) => report.find("OBJECT_UNREADABLE", file, error.to_string()),
        }
    }
    let stored = sums(&rows.objects);
    for (instance, noted) in &rows.instances {
        let sum = stored.get(instance).copied().unwrap_or_default();
        if sum != *noted {
            report.find("STORED_BYTES", format!("instances {instance}"), format!("{noted} noted, {sum} stored"));
        }
    }
    if root.exists() {
        walk(root, "", &mut |file| {
            if !rows.objects.contains_key(file) && !rows.loose.contains(file) {
                suspects.push(Suspect::Orphan(file.to_owned()));
            }
        })
        .map_err(MaintenanceError::io(root))?;
    }
    Ok(suspects)
}

/// Looks at what may be wrong once more.
pub(super) fn confirm(rows: &Rows, suspects: Vec<Suspect>, root: &Path, report: &mut CheckReport) {
    for suspect in suspects {
        match suspect {
            Suspect::Missing(file) if rows.objects.contains_key(&file) && !root.join(&file).exists() => {
                report.find("OBJECT_MISSING", file, "an object without its file");
            }
            Suspect::Orphan(file)
                if !rows.objects.contains_key(&file) && !rows.loose.contains(&file) && root.join(&file).exists() =>
            {
                report.find("FILE_WITHOUT_OBJECT", file, "no object has this file: it can be removed");
            }
            Suspect::Missing(_) | Suspect::Orphan(_) => {}
        }
    }
}

fn digest(path: &Path, buffer: &mut [u8]) -> std::io::Result<(u64, Vec<u8>)> {
    let (mut file, mut digest, mut size) = (File::open(path)?, Sha256::new(), 0);
    loop {
        match file.read(buffer)? {
            0 => return Ok((size, digest.finalize().to_vec())),
            count => {
                size += count as u64;
                digest.update(&buffer[..count]);
            }
        }
    }
}

fn sums(objects: &HashMap<String, Object>) -> HashMap<Uuid, u64> {
    let mut sums: HashMap<Uuid, u64> = HashMap::new();
    for object in objects.values() {
        *sums.entry(object.instance).or_default() += object.size;
    }
    sums
}

fn walk(folder: &Path, prefix: &str, found: &mut dyn FnMut(&str)) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if prefix.is_empty() && WORK_FOLDERS.iter().any(|work| name.starts_with(work)) {
            continue;
        }
        let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), &path, found)?;
        } else {
            found(&path);
        }
    }
    Ok(())
}
