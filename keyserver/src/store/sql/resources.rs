//! Service instances.
//!
//! *Invariant:* a row outlives its instance, so that its GUID is never given again and what named it still has a name.

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    error::Error,
    iam::{grant::Grant, roles::Action, service_grant::ServiceGrant, service_roles::ResourceAction},
    keys::{
        catalogue::Plan,
        crn::{Crn, InstanceId},
        instance::{LastOperation, RECLAMATION, Reclamation, Resource, ResourceState, RootKeyName, Stamp},
        instance_policy::InstancePolicy,
        key::KeyId,
        lifecycle::State,
        resource::ResourceCrn,
    },
    store::{
        KeyRegistration, NewEvent, Removal, Resources, Usage,
        db::{Db, Row, Value, params, unreadable},
        policies::Forgotten,
        sql::{
            SqlStore,
            columns::{instant, json, millis, optional_instant},
            events::append,
            instance_policies, objects,
            policies::{are_bound_to, forget},
            registrations,
        },
    },
};

#[async_trait]
impl Resources for SqlStore {
    async fn resource(&self, id: InstanceId) -> Result<Option<Resource>, Error> {
        self.read(move |db| db.query_optional("SELECT * FROM instances WHERE id = $1", params![id.0], resource)).await
    }

    async fn resources(&self, account: &str) -> Result<Vec<Resource>, Error> {
        let account = account.to_owned();
        self.read(move |db| {
            db.query("SELECT * FROM instances WHERE account = $1 ORDER BY created_at, id", params![&account], resource)
        })
        .await
    }

    async fn insert_resource(
        &self,
        grant: &ServiceGrant,
        resource: Resource,
        registration: Option<KeyRegistration>,
        policies: Vec<InstancePolicy>,
        event: NewEvent,
    ) -> Result<bool, Error> {
        grant.demand(resource.id, |action| action == ResourceAction::Create)?;
        let resource = Resource { account: grant.account().to_owned(), ..resource };
        self.change(event, move |db| {
            if let Some(KeyRegistration { instance, key_revision, registration }) = &registration
                && !registrations::save(db, *instance, registration.key, *key_revision, registration)?
            {
                return Ok(false);
            }
            insert(db, &resource)?;
            policies.iter().try_for_each(|policy| instance_policies::save(db, resource.id, policy))?;
            Ok(true)
        })
        .await
    }

    async fn save_resource(&self, grant: &ServiceGrant, resource: Resource, event: NewEvent) -> Result<bool, Error> {
        use ResourceAction::{Lock, Restore, Unlock, Update};
        grant.demand(resource.id, |action| matches!(action, Update | Lock | Unlock | Restore))?;
        self.change(event, move |db| update(db, &resource)).await
    }

    async fn retire_keys_instance(
        &self,
        grant: &ServiceGrant,
        resource: Resource,
        event: NewEvent,
    ) -> Result<bool, Error> {
        grant.demand(resource.id, |action| action == ResourceAction::Delete)?;
        self.change(event, move |db| {
            let keys: i64 = db.value(
                "SELECT count(*) FROM keys WHERE instance = $1 AND state <> $2",
                params![resource.id.0, State::Destroyed.number()],
            )?;
            if keys > 0 {
                return Err(Error::InstanceHasKeys { count: keys.unsigned_abs() });
            }
            update(db, &resource)
        })
        .await
    }

    async fn remove_resource(
        &self,
        removal: Removal<'_>,
        resource: Resource,
        policies: Vec<Forgotten>,
        event: NewEvent,
    ) -> Result<Option<Vec<String>>, Error> {
        let due = |now| resource.reclamation.as_ref().is_some_and(|reclamation| reclamation.due() <= now);
        match removal {
            Removal::Granted(grant) => {
                grant
                    .demand(resource.id, |action| matches!(action, ResourceAction::Delete | ResourceAction::Reclaim))?;
            }
            Removal::Due(now) if due(now) => {}
            Removal::Due(_) => return Err(Error::Denied),
        }
        let crn = Crn::parse(&resource.crn()).ok_or(Error::Corrupt("the name of a service instance"))?;
        self.write(move |db| {
            if !are_bound_to(db, &crn, &policies)? || !update(db, &resource)? {
                return Ok(None);
            }
            let files = objects::delete_all(db, resource.id)?;
            if let Some(root) = resource.root_key {
                registrations::remove(db, root.instance, root.key, &ResourceCrn::parse(&resource.crn())?)?;
            }
            // Versions and aliases go with their key.
            db.execute("DELETE FROM keys WHERE instance = $1", params![resource.id.0])?;
            append(db, &event)?;
            policies.iter().try_for_each(|policy| forget(db, policy))?;
            Ok(Some(files))
        })
        .await
    }

    async fn keys_named(&self, grant: &Grant, name: String) -> Result<Vec<KeyId>, Error> {
        grant.demand(|action| action == Action::ListKeys)?;
        let instance = grant.instance();
        let keys: Vec<(KeyId, String)> = self
            .read(move |db| {
                let parameters = params![instance.0, &name, State::Destroyed.number()];
                let key = |row: &Row<'_>| Ok((KeyId(row.at(0)?), row.at(1)?));
                db.query("SELECT id, ring FROM keys WHERE instance = $1 AND name = $2 AND state <> $3", parameters, key)
            })
            .await?;
        let reached = keys.into_iter().filter(|(key, ring)| grant.covers(*key, ring));
        Ok(reached.map(|(key, _)| key).take(2).collect())
    }

    async fn usage(
        &self,
        grant: &ServiceGrant,
        id: InstanceId,
        calls: (Timestamp, Timestamp),
        now: Timestamp,
    ) -> Result<Usage, Error> {
        grant.demand(id, |action| action == ResourceAction::ReadUsage)?;
        self.read(move |db| {
            let count = |sql: &str, params: &[Value<'_>]| db.value(sql, params).map(i64::unsigned_abs);
            let active_root_keys = count(
                "SELECT count(*) FROM keys WHERE instance = $1 AND NOT extractable AND state = $2
                     AND (expires_at IS NULL OR expires_at > $3)",
                params![id.0, State::Active.number(), millis(now)],
            )?;
            let key_versions = count(
                "SELECT count(*) FROM key_versions JOIN keys ON keys.id = key_versions.key_id
                 WHERE instance = $1 AND NOT extractable AND state <> $2",
                params![id.0, State::Destroyed.number()],
            )?;
            let per_action = |row: &Row<'_>| Ok((row.at(0)?, row.at::<i64>(1)?.unsigned_abs()));
            let parameters = params![id.0, millis(calls.0), millis(calls.1)];
            let sql = "SELECT action, count(*) FROM events
                       WHERE instance = $1 AND at >= $2 AND at < $3 AND action LIKE 'kms.%' GROUP BY action ORDER BY action";
            let calls = db.query(sql, parameters, per_action)?;
            Ok(Usage { active_root_keys, key_versions, calls })
        })
        .await
    }

    async fn due_reclamations(&self, now: Timestamp) -> Result<Vec<Resource>, Error> {
        let deleted_before = millis(now - RECLAMATION);
        self.read(move |db| {
            db.query(
                "SELECT * FROM instances WHERE state = 'pending_reclamation' AND deleted_at <= $1 ORDER BY deleted_at",
                params![deleted_before],
                resource,
            )
        })
        .await
    }
}

fn insert(db: &Db<'_>, resource: &Resource) -> Result<(), Error> {
    db.execute(
        "INSERT INTO instances (id, name, service, plan, region, account, resource_group, key_instance, key_id,
             allow_cleanup, locked, tags, state, last_operation, created_at, created_by, revision)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 0)",
        params![
            resource.id.0,
            &resource.name,
            &resource.service,
            resource.plan.id(),
            &resource.region,
            &resource.account,
            &resource.group,
            resource.root_key.map(|root| root.instance.0),
            resource.root_key.map(|root| root.key.0),
            resource.allow_cleanup,
            resource.locked,
            tags(resource)?,
            resource.state.name(),
            resource.last_operation.name(),
            millis(resource.created.at),
            &resource.created.by,
        ],
    )?;
    Ok(())
}

/// Everything that may change; `false` if the row is not as it was read.
fn update(db: &Db<'_>, resource: &Resource) -> Result<bool, Error> {
    let (updated, reclamation) = (resource.updated.as_ref(), resource.reclamation.as_ref());
    let changed = db.execute(
        "UPDATE instances SET name = $1, plan = $2, allow_cleanup = $3, locked = $4, tags = $5, state = $6,
             last_operation = $7, updated_at = $8, updated_by = $9, reclamation = $10, deleted_at = $11,
         deleted_by = $12, revision = revision + 1
         WHERE id = $13 AND revision = $14",
        params![
            &resource.name,
            resource.plan.id(),
            resource.allow_cleanup,
            resource.locked,
            tags(resource)?,
            resource.state.name(),
            resource.last_operation.name(),
            updated.map(|stamp| millis(stamp.at)),
            updated.map(|stamp| &stamp.by),
            reclamation.map(|reclamation| reclamation.id),
            reclamation.map(|reclamation| millis(reclamation.deleted.at)),
            reclamation.map(|reclamation| &reclamation.deleted.by),
            resource.id.0,
            resource.revision,
        ],
    )?;
    Ok(changed == 1)
}

fn tags(resource: &Resource) -> Result<String, Error> {
    serde_json::to_string(&resource.tags).map_err(|_| Error::Corrupt("tags of an instance"))
}

fn resource(row: &Row<'_>) -> Result<Resource, Error> {
    let root_key = match (row.get::<Option<Uuid>>("key_instance")?, row.get::<Option<Uuid>>("key_id")?) {
        (Some(instance), Some(key)) => Some(RootKeyName { instance: InstanceId(instance), key: KeyId(key) }),
        (None, None) => None,
        _ => return Err(unreadable("key_id")),
    };
    let stamp = |at: &str, by: &str| match (optional_instant(row, at)?, row.get::<Option<String>>(by)?) {
        (Some(at), Some(by)) => Ok(Some(Stamp { at, by })),
        (None, None) => Ok(None),
        _ => Err(unreadable(by)),
    };
    let reclamation = match (row.get("reclamation")?, stamp("deleted_at", "deleted_by")?) {
        (Some(id), Some(deleted)) => Some(Reclamation { id, deleted }),
        (None, None) => None,
        _ => return Err(unreadable("reclamation")),
    };
    let tags = json(row, "tags")?;
    let (account, group) = (row.get::<String>("account")?, row.get::<String>("resource_group")?);
    Ok(Resource {
        id: InstanceId(row.get("id")?),
        name: row.get("name")?,
        service: row.get("service")?,
        plan: Plan::from_id(row.get("plan")?).ok_or_else(|| unreadable("plan"))?,
        region: row.get("region")?,
        group: if group.is_empty() { account.clone() } else { group },
        account,
        root_key,
        allow_cleanup: row.get("allow_cleanup")?,
        locked: row.get("locked")?,
        tags,
        state: named(row, "state", ResourceState::from_name)?,
        last_operation: named(row, "last_operation", LastOperation::from_name)?,
        created: Stamp { at: instant(row, "created_at")?, by: row.get("created_by")? },
        updated: stamp("updated_at", "updated_by")?,
        reclamation,
        revision: row.get("revision")?,
    })
}

fn named<T>(row: &Row<'_>, column: &str, parse: fn(&str) -> Option<T>) -> Result<T, Error> {
    parse(&row.get::<String>(column)?).ok_or_else(|| unreadable(column))
}
