//! Registrations.
//!
//! *Invariant:* every statement is limited to the grant's instance and to the keys it covers.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter, types::Value};

use crate::{
    error::Error,
    iam::{grant::Grant, roles::Action},
    keys::{
        crn::InstanceId,
        key::{Key, KeyId},
        lifecycle::KeyAction,
        registration::Registration,
        resource::{CrnPattern, ResourceCrn},
        version::{Version, VersionId},
    },
    store::{
        NewEvent, Page, Registered, RegistrationFilter, Registrations,
        sqlite::{
            SqliteStore,
            keys::{blob, reach},
            rows::{instant, millis, unreadable},
        },
    },
};

const COLUMNS: &str = "registrations.*, keys.name AS key_name, key_versions.created_at AS version_created_at";
const FROM: &str = "FROM registrations JOIN keys ON keys.id = registrations.key_id
    JOIN key_versions ON key_versions.id = registrations.version_id";

#[async_trait]
impl Registrations for SqliteStore {
    async fn registrations(
        &self,
        grant: &Grant,
        filter: RegistrationFilter,
        page: Page,
    ) -> Result<Vec<Registered>, Error> {
        grant.demand(|action| action == Action::ListRegistrations)?;
        let (condition, mut values) = conditions(grant, &filter);
        values.extend([Value::from(page.limit), Value::from(page.offset)]);
        self.read(move |db| {
            let sql =
                format!("SELECT {COLUMNS} {FROM} WHERE {condition} ORDER BY key_id, resource_crn LIMIT ? OFFSET ?");
            let mut statement = db.prepare_cached(&sql)?;
            let registered =
                |row: &Row<'_>| Ok(Registered { registration: registration(row)?, key_name: row.get("key_name")? });
            let found = statement.query_map(params_from_iter(values), registered)?.collect::<Result<_, _>>()?;
            Ok(found)
        })
        .await
    }

    async fn count_registrations(&self, grant: &Grant, filter: RegistrationFilter) -> Result<u64, Error> {
        grant.demand(|action| action == Action::ListRegistrations)?;
        let (condition, values) = conditions(grant, &filter);
        self.read(move |db| {
            let sql = format!("SELECT count(*) {FROM} WHERE {condition}");
            let count: i64 = db.prepare_cached(&sql)?.query_row(params_from_iter(values), |row| row.get(0))?;
            Ok(count.unsigned_abs())
        })
        .await
    }

    async fn registration(
        &self,
        grant: &Grant,
        key: KeyId,
        resource: &ResourceCrn,
    ) -> Result<Option<Registration>, Error> {
        grant.demand(Action::changes_registrations)?;
        let filter = RegistrationFilter { key: Some(key), ..Default::default() };
        let (condition, mut values) = conditions(grant, &filter);
        values.push(Value::from(resource.as_str().to_owned()));
        self.read(move |db| {
            let sql = format!("SELECT {COLUMNS} {FROM} WHERE {condition} AND resource_crn = ?");
            Ok(db.prepare_cached(&sql)?.query_row(params_from_iter(values), registration).optional()?)
        })
        .await
    }

    async fn registrations_of(&self, grant: &Grant, key: KeyId) -> Result<Vec<Registration>, Error> {
        grant.demand(|action| action == Action::Key(KeyAction::Delete))?;
        let (condition, values) = conditions(grant, &RegistrationFilter { key: Some(key), ..Default::default() });
        self.read(move |db| {
            let sql = format!("SELECT {COLUMNS} {FROM} WHERE {condition} ORDER BY resource_crn");
            let mut statement = db.prepare_cached(&sql)?;
            let found = statement.query_map(params_from_iter(values), registration)?.collect::<Result<_, _>>()?;
            Ok(found)
        })
        .await
    }

    async fn save_registration(
        &self,
        grant: &Grant,
        key: &Key,
        registration: Registration,
        event: NewEvent,
    ) -> Result<bool, Error> {
        grant.demand(Action::changes_registrations)?;
        grant.demand_key(key)?;
        let (instance, key, revision) = (grant.instance(), key.id, key.revision);
        self.change(event, move |db| save(db, instance, key, revision, &registration)).await
    }

    async fn delete_registration(
        &self,
        grant: &Grant,
        key: &Key,
        resource: &ResourceCrn,
        event: NewEvent,
    ) -> Result<bool, Error> {
        grant.demand(Action::changes_registrations)?;
        grant.demand_key(key)?;
        let (instance, key, resource) = (grant.instance(), key.id, resource.clone());
        self.change(event, move |db| remove(db, instance, key, &resource)).await
    }
}

/// Adds or replaces a registration in the transaction that is under way; `false` if the key is not at that revision.
pub(super) fn save(
    db: &Connection,
    instance: InstanceId,
    key: KeyId,
    revision: i64,
    registration: &Registration,
) -> Result<bool, Error> {
    let counted = db
        .prepare_cached("UPDATE keys SET revision = revision + 1 WHERE id = ? AND instance = ? AND revision = ?")?
        .execute((key.0, instance.0, revision))?;
    if counted == 0 {
        return Ok(false);
    }
    db.prepare_cached(
        "INSERT OR REPLACE INTO registrations (key_id, resource_crn, created_at, created_by, updated_at, updated_by,
             description, prevent_key_deletion, version_id)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute((
        key.0,
        registration.resource_crn.as_str(),
        millis(registration.created_at),
        &registration.created_by,
        millis(registration.updated_at),
        &registration.updated_by,
        &registration.description,
        registration.prevent_key_deletion,
        registration.version.id.0,
    ))?;
    Ok(true)
}

/// Removes a registration in the transaction that is under way; `false` when there is none.
pub(super) fn remove(db: &Connection, instance: InstanceId, key: KeyId, resource: &ResourceCrn) -> Result<bool, Error> {
    let removed = db
        .prepare_cached(
            "DELETE FROM registrations WHERE key_id = ? AND resource_crn = ?
                 AND EXISTS (SELECT 1 FROM keys WHERE id = key_id AND instance = ?)",
        )?
        .execute((key.0, resource.as_str(), instance.0))?;
    Ok(removed == 1)
}

fn conditions(grant: &Grant, filter: &RegistrationFilter) -> (String, Vec<Value>) {
    let (mut condition, mut values) = reach(grant);
    if let Some(key) = filter.key {
        condition += " AND keys.id = ?";
        values.push(blob(key.0));
    }
    if let Some(ring) = &filter.ring {
        condition += " AND keys.ring = ?";
        values.push(Value::from(ring.as_str().to_owned()));
    }
    for pattern in &filter.resources {
        condition += " AND resource_crn GLOB ?";
        values.push(Value::from(glob(pattern)));
    }
    if let Some(prevents) = filter.prevent_key_deletion {
        condition += " AND prevent_key_deletion = ?";
        values.push(Value::from(prevents));
    }
    (condition, values)
}

/// The pattern as SQLite's GLOB has it, where `?` and `[` would mean something, too.
fn glob(pattern: &CrnPattern) -> String {
    let literal = |text: &str| text.replace('[', "[[]").replace('?', "[?]");
    pattern.literals().map(literal).collect::<Vec<_>>().join("*")
}

fn registration(row: &Row<'_>) -> rusqlite::Result<Registration> {
    let crn: String = row.get("resource_crn")?;
    Ok(Registration {
        key: KeyId(row.get("key_id")?),
        resource_crn: ResourceCrn::parse(&crn).map_err(|_| unreadable(row, "resource_crn"))?,
        created_by: row.get("created_by")?,
        created_at: instant(row, "created_at")?,
        updated_by: row.get("updated_by")?,
        updated_at: instant(row, "updated_at")?,
        description: row.get("description")?,
        prevent_key_deletion: row.get("prevent_key_deletion")?,
        version: Version { id: VersionId(row.get("version_id")?), created_at: instant(row, "version_created_at")? },
    })
}
