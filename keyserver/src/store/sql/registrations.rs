//! Registrations.
//!
//! *Invariant:* every statement is limited to the grant's instance and to the keys it covers.

use async_trait::async_trait;

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
        db::{Db, Row, params, unreadable},
        sql::{
            SqlStore,
            columns::{instant, millis},
            keys::reach,
            text::Sql,
        },
    },
};

const COLUMNS: &str = "registrations.*, keys.name AS key_name, key_versions.created_at AS version_created_at";
const FROM: &str = "FROM registrations JOIN keys ON keys.id = registrations.key_id
    JOIN key_versions ON key_versions.id = registrations.version_id";

#[async_trait]
impl Registrations for SqlStore {
    async fn registrations(
        &self,
        grant: &Grant,
        filter: RegistrationFilter,
        page: Page,
    ) -> Result<Vec<Registered>, Error> {
        grant.demand(|action| action == Action::ListRegistrations)?;
        let registered =
            |row: &Row<'_>| Ok(Registered { registration: registration(row)?, key_name: row.get("key_name")? });
        let order = " ORDER BY key_id, resource_crn LIMIT ? OFFSET ?";
        let order = Sql::new(order, [page.limit.into(), page.offset.into()]);
        let (sql, values) = Sql::join([select(COLUMNS), conditions(grant, &filter), order]).numbered();
        self.read(move |db| db.query(&sql, &values, registered)).await
    }

    async fn count_registrations(&self, grant: &Grant, filter: RegistrationFilter) -> Result<u64, Error> {
        grant.demand(|action| action == Action::ListRegistrations)?;
        let (sql, values) = Sql::join([select("count(*)"), conditions(grant, &filter)]).numbered();
        self.read(move |db| db.value(&sql, &values).map(i64::unsigned_abs)).await
    }

    async fn registration(
        &self,
        grant: &Grant,
        key: KeyId,
        resource: &ResourceCrn,
    ) -> Result<Option<Registration>, Error> {
        grant.demand(Action::changes_registrations)?;
        let filter = RegistrationFilter { key: Some(key), ..Default::default() };
        let conditions = conditions(grant, &filter).and("resource_crn = ?", [resource.as_str().to_owned().into()]);
        let (sql, values) = Sql::join([select(COLUMNS), conditions]).numbered();
        self.read(move |db| db.query_optional(&sql, &values, registration)).await
    }

    async fn registrations_of(&self, grant: &Grant, key: KeyId) -> Result<Vec<Registration>, Error> {
        grant.demand(|action| action == Action::Key(KeyAction::Delete))?;
        let conditions = conditions(grant, &RegistrationFilter { key: Some(key), ..Default::default() });
        let order = Sql::new(" ORDER BY resource_crn", []);
        let (sql, values) = Sql::join([select(COLUMNS), conditions, order]).numbered();
        self.read(move |db| db.query(&sql, &values, registration)).await
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
    db: &Db<'_>,
    instance: InstanceId,
    key: KeyId,
    revision: i64,
    registration: &Registration,
) -> Result<bool, Error> {
    let counted = db.execute(
        "UPDATE keys SET revision = revision + 1 WHERE id = $1 AND instance = $2 AND revision = $3",
        params![key.0, instance.0, revision],
    )?;
    if counted == 0 {
        return Ok(false);
    }
    db.execute(
        "INSERT INTO registrations (key_id, resource_crn, created_at, created_by, updated_at, updated_by,
             description, prevent_key_deletion, version_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (key_id, resource_crn) DO UPDATE SET created_at = excluded.created_at,
             created_by = excluded.created_by, updated_at = excluded.updated_at, updated_by = excluded.updated_by,
             description = excluded.description, prevent_key_deletion = excluded.prevent_key_deletion,
             version_id = excluded.version_id",
        params![
            key.0,
            registration.resource_crn.as_str(),
            millis(registration.created_at),
            &registration.created_by,
            millis(registration.updated_at),
            &registration.updated_by,
            &registration.description,
            registration.prevent_key_deletion,
            registration.version.id.0
        ],
    )?;
    Ok(true)
}

/// Removes a registration in the transaction that is under way; `false` when there is none.
pub(super) fn remove(db: &Db<'_>, instance: InstanceId, key: KeyId, resource: &ResourceCrn) -> Result<bool, Error> {
    let removed = db.execute(
        "DELETE FROM registrations WHERE key_id = $1 AND resource_crn = $2
             AND EXISTS (SELECT 1 FROM keys WHERE id = key_id AND instance = $3)",
        params![key.0, resource.as_str(), instance.0],
    )?;
    Ok(removed == 1)
}

fn select(columns: &str) -> Sql {
    Sql::new(format!("SELECT {columns} {FROM} WHERE "), [])
}

fn conditions(grant: &Grant, filter: &RegistrationFilter) -> Sql {
    let mut sql = reach(grant);
    if let Some(key) = filter.key {
        sql = sql.and("keys.id = ?", [key.0.into()]);
    }
    if let Some(ring) = &filter.ring {
        sql = sql.and("keys.ring = ?", [ring.as_str().to_owned().into()]);
    }
    for pattern in &filter.resources {
        sql = sql.and(r"resource_crn LIKE ? ESCAPE '\'", [like(pattern).into()]);
    }
    if let Some(prevents) = filter.prevent_key_deletion {
        sql = sql.and("prevent_key_deletion = ?", [prevents.into()]);
    }
    sql
}

/// The pattern as LIKE has it, where `%` and `_` would mean something.
fn like(pattern: &CrnPattern) -> String {
    let literal = |text: &str| text.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
    pattern.literals().map(literal).collect::<Vec<_>>().join("%")
}

fn registration(row: &Row<'_>) -> Result<Registration, Error> {
    let crn: String = row.get("resource_crn")?;
    Ok(Registration {
        key: KeyId(row.get("key_id")?),
        resource_crn: ResourceCrn::parse(&crn).map_err(|_| unreadable("resource_crn"))?,
        created_by: row.get("created_by")?,
        created_at: instant(row, "created_at")?,
        updated_by: row.get("updated_by")?,
        updated_at: instant(row, "updated_at")?,
        description: row.get("description")?,
        prevent_key_deletion: row.get("prevent_key_deletion")?,
        version: Version { id: VersionId(row.get("version_id")?), created_at: instant(row, "version_created_at")? },
    })
}
