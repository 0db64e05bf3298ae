//! Keys, versions and aliases.
//!
//! *Invariant:* every statement is limited to the grant's instance and to the keys it covers.

use async_trait::async_trait;

use crate::{
    error::Error,
    iam::{grant::Grant, roles::Action},
    keys::{
        alias::{Alias, KeyRef},
        crn::InstanceId,
        key::{Deletion, Key, KeyId},
        lifecycle::{
            KeyAction::{
                Delete, Disable, Enable, Expire, Patch, Purge, Restore, Rotate, SetForDeletion, Sync, UnsetForDeletion,
                WritePolicies,
            },
            State,
        },
        ring::RingId,
        version::{CustodyKind, Held, SealedVersion, Version, VersionId},
    },
    store::{
        Keys, NewEvent,
        db::{Db, Row, Value, params, unreadable},
        sql::{
            SqlStore, aliases,
            columns::{instant, json, millis, optional_instant},
            events::append,
            installation::is_active,
            key_policies::{JOIN_POLICIES, POLICY_COLUMNS, dual_auth, rotation, save_policies},
            rings,
            text::Sql,
        },
    },
};

/// The aliases of a row of `keys`, with a comma between them.
pub(super) const ALIASES: &str = "(SELECT string_agg(alias, ',' ORDER BY alias) FROM aliases WHERE key_id = keys.id)";

/// Everything about keys, to be followed by conditions.
pub(super) fn select_keys() -> String {
    format!(
        "SELECT keys.*,
             {ALIASES} AS aliases,
             newest.id AS version_id, newest.created_at AS version_created_at, {POLICY_COLUMNS}
         FROM keys JOIN key_versions newest ON newest.key_id = keys.id
             AND newest.number = (SELECT max(number) FROM key_versions WHERE key_id = keys.id)
         {JOIN_POLICIES}"
    )
}

#[async_trait]
impl Keys for SqlStore {
    async fn insert_key(&self, grant: &Grant, key: Key, version: SealedVersion, event: NewEvent) -> Result<(), Error> {
        grant.demand(|action| matches!(action, Action::CreateKey | Action::CreateKeyWithPolicies))?;
        if !grant.covers_ring(&key.ring) {
            return Err(grant.absence());
        }
        let instance = grant.instance();
        self.write(move |db| {
            require_in_use(db, instance)?;
            rings::require(db, instance, &key.ring)?;
            insert_key(db, instance, &key)?;
            insert_version(db, key.id, &version)?;
            save_policies(db, &key)?;
            key.aliases.iter().try_for_each(|alias| aliases::insert(db, instance, key.id, alias))?;
            append(db, &event)
        })
        .await
    }

    async fn key(&self, grant: &Grant, name: &KeyRef, ring: Option<&RingId>) -> Result<Option<Key>, Error> {
        grant.demand(Action::concerns_keys)?;
        let instance = grant.instance();
        let (name, ring) = (name.clone(), ring.cloned());
        let key = self
            .read(move |db| {
                let id = match &name {
                    KeyRef::Id(id) => Some(*id),
                    KeyRef::Alias(alias) => aliases::owner(db, instance, alias)?,
                };
                let Some(id) = id else { return Ok(None) };
                let sql = format!("{} WHERE keys.id = $1 AND keys.instance = $2", select_keys());
                let key = db.query_optional(&sql, params![id.0, instance.0], key)?;
                Ok(key.filter(|key| ring.as_ref().is_none_or(|ring| key.ring == ring.as_str())))
            })
            .await?;
        Ok(key.filter(|key| grant.covers(key.id, &key.ring)))
    }

    async fn custodies_in_use(&self) -> Result<Vec<CustodyKind>, Error> {
        self.read(|db| db.query("SELECT DISTINCT custody FROM key_versions", params![], custody)).await
    }

    async fn versions(&self, grant: &Grant, key: KeyId) -> Result<Vec<SealedVersion>, Error> {
        grant.demand(Action::concerns_keys)?;
        let select = "SELECT key_versions.id, key_versions.created_at, custody, material
                      FROM key_versions JOIN keys ON keys.id = key_versions.key_id WHERE ";
        let reached = reach(grant).and("keys.id = ?", [key.0.into()]);
        let (sql, values) =
            Sql::join([Sql::new(select, []), reached, Sql::new(" ORDER BY number DESC", [])]).numbered();
        self.read(move |db| db.query(&sql, &values, version)).await
    }

    async fn save_key(
        &self,
        grant: &Grant,
        key: Key,
        gained: Option<SealedVersion>,
        event: NewEvent,
    ) -> Result<bool, Error> {
        grant.demand(|action| {
            matches!(
                action,
                Action::Key(
                    Rotate
                        | Disable
                        | Enable
                        | Delete
                        | Restore
                        | Sync
                        | Expire
                        | SetForDeletion
                        | UnsetForDeletion
                        | WritePolicies
                        | Patch
                )
            )
        })?;
        grant.demand_key(&key)?;
        let instance = grant.instance();
        self.change(event, move |db| {
            require_in_use(db, instance)?;
            rings::require(db, instance, &key.ring)?;
            if !update_key(db, instance, &key)? {
                return Ok(false);
            }
            if let Some(version) = &gained {
                insert_version(db, key.id, version)?;
            }
            save_policies(db, &key)?;
            Ok(true)
        })
        .await
    }

    async fn purge_key(&self, grant: &Grant, key: &Key, event: NewEvent) -> Result<bool, Error> {
        grant.demand(|action| action == Action::Key(Purge))?;
        grant.demand_key(key)?;
        let (id, instance, revision) = (key.id, grant.instance(), key.revision);
        self.change(event, move |db| {
            let sql = "DELETE FROM keys WHERE id = $1 AND instance = $2 AND revision = $3";
            Ok(db.execute(sql, params![id.0, instance.0, revision])? > 0)
        })
        .await
    }
}

/// The keys that a grant reaches, as a condition on `keys`.
pub(super) fn reach(grant: &Grant) -> Sql {
    let sql = Sql::new("keys.instance = ?", [grant.instance().0.into()]);
    let Some(parts) = grant.only() else { return sql };
    let mut values = Vec::new();
    let one_of: Vec<String> = parts
        .iter()
        .map(|part| {
            let ring = part.ring.as_ref().map(|ring| ("keys.ring = ?", Value::from(ring.as_str().to_owned())));
            let key = part.key.map(|key| ("keys.id = ?", Value::from(key.0)));
            let both: Vec<(&str, Value<'static>)> = ring.into_iter().chain(key).collect();
            values.extend(both.iter().map(|(_, value)| value.clone()));
            both.iter().map(|(condition, _)| *condition).collect::<Vec<_>>().join(" AND ")
        })
        .collect();
    sql.and(&format!("({})", one_of.join(" OR ")), values)
}

/// Refuses an instance that was deleted after the grant was given: a key that came into it, or back, would go unseen, and be
/// removed with it.
fn require_in_use(db: &Db<'_>, instance: InstanceId) -> Result<(), Error> {
    if is_active(db, instance)? { Ok(()) } else { Err(Error::Denied) }
}

fn insert_key(db: &Db<'_>, instance: InstanceId, key: &Key) -> Result<(), Error> {
    db.execute(
        "INSERT INTO keys (id, instance, ring, name, description, tags, extractable, imported, bits, created_at,
             created_by, expires_at, state, state_since, revision)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        params![
            key.id.0,
            instance.0,
            &key.ring,
            &key.name,
            &key.description,
            serde_json::to_string(&key.tags).map_err(|_| Error::Corrupt("tags of a key"))?,
            key.extractable,
            key.imported,
            key.bits,
            millis(key.created_at),
            &key.created_by,
            key.expires_at.map(millis),
            key.stored_state.number(),
            millis(key.state_since),
            key.revision
        ],
    )?;
    Ok(())
}

pub(super) fn update_key(db: &Db<'_>, instance: InstanceId, key: &Key) -> Result<bool, Error> {
    let updated = db.execute(
        "UPDATE keys SET ring = $1, bits = $2, updated_at = $3, rotated_at = $4, state = $5, state_since = $6,
             notified_at = $7, deleted_at = $8, deleted_by = $9, revision = revision + 1
         WHERE id = $10 AND instance = $11 AND revision = $12",
        params![
            &key.ring,
            key.bits,
            key.updated_at.map(millis),
            key.rotated_at.map(millis),
            key.stored_state.number(),
            millis(key.state_since),
            key.notified_at.map(millis),
            key.deletion.as_ref().map(|deletion| millis(deletion.at)),
            key.deletion.as_ref().map(|deletion| &deletion.by),
            key.id.0,
            instance.0,
            key.revision
        ],
    )?;
    Ok(updated == 1)
}

fn insert_version(db: &Db<'_>, key: KeyId, version: &SealedVersion) -> Result<(), Error> {
    db.execute(
        "INSERT INTO key_versions (key_id, number, id, created_at, custody, material)
         SELECT $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5 FROM key_versions WHERE key_id = $1",
        params![
            key.0,
            version.version.id.0,
            millis(version.version.created_at),
            version.held.kind.number(),
            &version.held.bytes
        ],
    )?;
    Ok(())
}

/// The column `aliases`, made by [`ALIASES`].
pub(super) fn aliases_of(row: &Row<'_>) -> Result<Vec<Alias>, Error> {
    let Some(aliases) = row.get::<Option<String>>("aliases")? else { return Ok(Vec::new()) };
    aliases.split(',').map(Alias::parse).collect::<Result<_, _>>().map_err(|_| unreadable("aliases"))
}

/// A row of [`select_keys`].
pub(super) fn key(row: &Row<'_>) -> Result<Key, Error> {
    let deletion = match (optional_instant(row, "deleted_at")?, row.get::<Option<String>>("deleted_by")?) {
        (Some(at), Some(by)) => Some(Deletion { at, by }),
        (None, None) => None,
        _ => return Err(unreadable("deleted_by")),
    };
    Ok(Key {
        id: KeyId(row.get("id")?),
        name: row.get("name")?,
        description: row.get("description")?,
        tags: json(row, "tags")?,
        aliases: aliases_of(row)?,
        extractable: row.get("extractable")?,
        imported: row.get("imported")?,
        ring: row.get("ring")?,
        bits: row.get("bits")?,
        created_at: instant(row, "created_at")?,
        created_by: row.get("created_by")?,
        expires_at: optional_instant(row, "expires_at")?,
        updated_at: optional_instant(row, "updated_at")?,
        rotated_at: optional_instant(row, "rotated_at")?,
        stored_state: State::from_number(row.get("state")?).ok_or_else(|| unreadable("state"))?,
        state_since: instant(row, "state_since")?,
        notified_at: optional_instant(row, "notified_at")?,
        deletion,
        rotation: rotation(row)?,
        dual_auth: dual_auth(row)?,
        current: Version { id: VersionId(row.get("version_id")?), created_at: instant(row, "version_created_at")? },
        revision: row.get("revision")?,
    })
}

fn version(row: &Row<'_>) -> Result<SealedVersion, Error> {
    Ok(SealedVersion {
        version: Version { id: VersionId(row.get("id")?), created_at: instant(row, "created_at")? },
        held: Held { kind: custody(row)?, bytes: row.get("material")? },
    })
}

fn custody(row: &Row<'_>) -> Result<CustodyKind, Error> {
    CustodyKind::from_number(row.get("custody")?).ok_or_else(|| unreadable("custody"))
}
