//! Rows against one another.
//!
//! *Invariant:* all rows are of one moment; of long tables no more is kept than what other rows are held against.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
};

use uuid::Uuid;

use super::CheckReport;
use crate::{
    error::Error,
    keys::{crn::InstanceId, lifecycle::State, version::CustodyKind},
    store::{
        copy::Sink,
        resealing::{SealedAt, SealedItem},
        tables::{Cell, Table},
    },
};

/// A key, as far as it matters here.
pub(super) struct Key {
    pub(super) instance: Uuid,
    pub(super) extractable: bool,
    pub(super) imported: bool,
    pub(super) state: i64,
    pub(super) deleted: bool,
    ring: String,
}

/// A version of a key.
pub(super) struct Version {
    pub(super) key: Uuid,
    pub(super) number: i64,
    pub(super) id: Uuid,
    pub(super) custody: i64,
    pub(super) material: Vec<u8>,
}

/// A stored object.
pub(super) struct Object {
    pub(super) instance: Uuid,
    pub(super) size: u64,
    pub(super) checksum: Vec<u8>,
}

/// All rows.
#[derive(Default)]
pub(super) struct Rows {
    counts: HashMap<&'static str, u64>,
    pub(super) instances: HashMap<Uuid, u64>,
    rings: HashSet<(Uuid, String)>,
    pub(super) keys: HashMap<Uuid, Key>,
    pub(super) versions: Vec<Version>,
    /// By file.
    pub(super) objects: HashMap<String, Object>,
    pub(super) loose: HashSet<String>,
    /// All that is sealed under the master key, apart from versions.
    pub(super) sealed: Vec<SealedItem>,
    /// Table and column, the row it is in, the key that it refers to.
    key_references: Vec<(&'static str, String, Uuid)>,
    instance_references: Vec<(&'static str, String, Uuid)>,
    version_references: Vec<(String, Uuid, Uuid)>,
    service_ids: HashSet<Uuid>,
    administrators: Vec<Uuid>,
    unreadable: Vec<&'static str>,
    unreadable_events: u64,
}

/// Takes rows as they are read.
#[derive(Default)]
pub(super) struct Collector(Mutex<Rows>);

impl Collector {
    pub(super) fn take(&self) -> Rows {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Sink for Collector {
    fn begin(&self) -> Result<(), Error> {
        drop(self.take());
        Ok(())
    }

    fn take(&self, table: &'static Table, rows: Vec<Vec<Cell>>) -> Result<(), Error> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *all.counts.entry(table.name).or_default() += rows.len() as u64;
        for row in &rows {
            if all.keep(table, &Cells { table, row }).is_none() {
                all.unreadable.push(table.name);
            }
        }
        Ok(())
    }
}

/// A row by the names of its columns.
struct Cells<'a> {
    table: &'static Table,
    row: &'a [Cell],
}

impl Cells<'_> {
    fn cell(&self, name: &str) -> Option<&Cell> {
        self.row.get(self.table.column(name)?)
    }

    fn number(&self, name: &str) -> Option<i64> {
        if let Cell::Number(number) = self.cell(name)? { Some(*number) } else { None }
    }

    fn flag(&self, name: &str) -> Option<bool> {
        if let Cell::Flag(flag) = self.cell(name)? { Some(*flag) } else { None }
    }

    fn text(&self, name: &str) -> Option<String> {
        if let Cell::Text(text) = self.cell(name)? { Some(text.clone()) } else { None }
    }

    fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        if let Cell::Bytes(bytes) = self.cell(name)? { Some(bytes.clone()) } else { None }
    }

    fn id(&self, name: &str) -> Option<Uuid> {
        if let Cell::Bytes(bytes) = self.cell(name)? { Uuid::from_slice(bytes).ok() } else { None }
    }

    fn has(&self, name: &str) -> bool {
        self.cell(name).is_some_and(|cell| *cell != Cell::Null)
    }
}

impl Rows {
    /// Keeps what is needed of a row; `None` if it is not readable.
    fn keep(&mut self, table: &'static Table, row: &Cells<'_>) -> Option<()> {
        match table.name {
            "instances" => drop(self.instances.insert(row.id("id")?, row.number("stored_bytes")?.unsigned_abs())),
            "key_rings" => {
                self.rings.insert((row.id("instance")?, row.text("id")?));
                self.instance_references.push((table.name, row.text("id")?, row.id("instance")?));
            }
            "keys" => {
                let (id, instance) = (row.id("id")?, row.id("instance")?);
                let key = Key {
                    instance,
                    extractable: row.flag("extractable")?,
                    imported: row.flag("imported")?,
                    state: row.number("state")?,
                    deleted: row.has("deleted_at"),
                    ring: row.text("ring")?,
                };
                self.keys.insert(id, key);
                self.instance_references.push((table.name, id.to_string(), instance));
            }
            "key_versions" => self.versions.push(Version {
                key: row.id("key_id")?,
                number: row.number("number")?,
                id: row.id("id")?,
                custody: row.number("custody")?,
                material: row.bytes("material")?,
            }),
            "key_policies" => self.key_references.push((table.name, row.id("id")?.to_string(), row.id("key_id")?)),
            "aliases" => {
                self.key_references.push((table.name, row.text("alias")?, row.id("key_id")?));
                self.instance_references.push((table.name, row.text("alias")?, row.id("instance")?));
            }
            "registrations" => {
                let (crn, key) = (row.text("resource_crn")?, row.id("key_id")?);
                if row.has("version_id") {
                    self.version_references.push((crn.clone(), key, row.id("version_id")?));
                }
                self.key_references.push((table.name, crn, key));
            }
            "instance_policies" => {
                self.instance_references.push((table.name, row.text("kind")?, row.id("instance")?));
            }
            "objects" => {
                let (instance, size) = (row.id("instance")?, u64::try_from(row.number("size")?).ok()?);
                let file = row.text("file")?;
                self.instance_references.push((table.name, file.clone(), instance));
                self.objects.insert(file, Object { instance, size, checksum: row.bytes("checksum")? });
            }
            "loose_files" => drop(self.loose.insert(row.text("file")?)),
            "signing_keys" => {
                self.sealed
                    .push(SealedItem { at: SealedAt::SigningKey(row.text("id")?), sealed: row.bytes("sealed")? });
            }
            "audit_keys" => {
                self.sealed.push(SealedItem { at: SealedAt::AuditKey, sealed: row.bytes("sealed")? });
            }
            "import_tokens" => {
                let (instance, token) = (row.id("instance")?, row.id("id")?);
                self.instance_references.push((table.name, token.to_string(), instance));
                let (private_key, nonce) = (row.bytes("private_key")?, row.bytes("nonce")?);
                // Those of an expired token are forgotten, together.
                if !private_key.is_empty() || !nonce.is_empty() {
                    let instance = InstanceId(instance);
                    let private_at = SealedAt::TokenPrivateKey { instance, token };
                    self.sealed.push(SealedItem { at: private_at, sealed: private_key });
                    self.sealed.push(SealedItem { at: SealedAt::TokenNonce { instance, token }, sealed: nonce });
                }
            }
            "service_ids" => drop(self.service_ids.insert(row.id("id")?)),
            "installation" => self.administrators.push(row.id("administrator")?),
            "events" => {
                let readable = serde_json::from_str::<serde::de::IgnoredAny>(&row.text("event")?).is_ok();
                self.unreadable_events += u64::from(!readable);
            }
            _ => {}
        }
        Some(())
    }

    pub(super) fn count(&self, report: &mut CheckReport) {
        report.rows = self.counts.values().sum();
        report.events = self.counts.get("events").copied().unwrap_or_default();
    }

    pub(super) fn check(&self, report: &mut CheckReport) {
        for table in &self.unreadable {
            report.find("ROW_UNREADABLE", *table, "a row has a value that this server did not write");
        }
        if self.unreadable_events > 0 {
            report.find("EVENT_UNREADABLE", "events", format!("{} are no JSON", self.unreadable_events));
        }
        self.check_references(report);
        self.check_keys(report);
        match self.administrators.as_slice() {
            [one] if self.service_ids.contains(one) => {}
            [_] => report.find("REFERENCE_BROKEN", "installation", "its administrator is not there"),
            others => report.find("INSTALLATION_COUNT", "installation", format!("{} rows, must be one", others.len())),
        }
    }

    fn check_references(&self, report: &mut CheckReport) {
        for (table, row, key) in &self.key_references {
            if !self.keys.contains_key(key) {
                report.find("REFERENCE_BROKEN", format!("{table} {row}"), format!("key {key} is not there"));
            }
        }
        for (table, row, instance) in &self.instance_references {
            if !self.instances.contains_key(instance) {
                report.find("REFERENCE_BROKEN", format!("{table} {row}"), format!("instance {instance} is not there"));
            }
        }
        let versions: HashSet<(Uuid, Uuid)> = self.versions.iter().map(|version| (version.key, version.id)).collect();
        for (crn, key, version) in &self.version_references {
            if !versions.contains(&(*key, *version)) {
                report.find("REFERENCE_BROKEN", format!("registrations {crn}"), "its key version is not there");
            }
        }
    }

    fn check_keys(&self, report: &mut CheckReport) {
        let mut numbers: HashMap<Uuid, Vec<i64>> = HashMap::new();
        for version in &self.versions {
            numbers.entry(version.key).or_default().push(version.number);
            if !self.keys.contains_key(&version.key) {
                report.find("REFERENCE_BROKEN", format!("key_versions {}", version.id), "its key is not there");
            }
            if CustodyKind::from_number(version.custody).is_none() {
                report.find("CUSTODY_UNKNOWN", format!("key_versions {}", version.id), "no such custody");
            }
        }
        for (id, key) in &self.keys {
            let what = || format!("keys {id}");
            let state = u8::try_from(key.state).ok().and_then(State::from_number);
            match state {
                None => report.find("KEY_STATE", what(), format!("there is no state {}", key.state)),
                Some(state) if (state == State::Destroyed) != key.deleted => {
                    report.find("KEY_STATE", what(), "its state and its date of deletion do not agree");
                }
                Some(_) => {}
            }
            if key.ring != "default" && !self.rings.contains(&(key.instance, key.ring.clone())) {
                report.find("REFERENCE_BROKEN", what(), "its key ring is not there");
            }
            let mut numbers = numbers.remove(id).unwrap_or_default();
            numbers.sort_unstable();
            if numbers.is_empty() || !numbers.iter().copied().eq(1..=numbers.len() as i64) {
                report.find("KEY_VERSIONS", what(), "its versions are not numbered 1, 2, 3 …");
            }
        }
    }
}
