//! Policies of instances.
//!
//! *Invariant:* a policy is replaced only by a writer who has read it.

use async_trait::async_trait;

use crate::{
    error::Error,
    iam::{grant::Grant, roles::Action},
    keys::{
        crn::InstanceId,
        instance_policy::{InstancePolicies as Policies, InstancePolicy, InstancePolicyKind, InstanceRule},
        policy::Stamp,
    },
    store::{
        InstancePolicies, NewEvent,
        db::{Db, Row, params, unreadable},
        sql::{
            SqlStore,
            columns::{instant, json, millis},
            events::append,
        },
    },
};

#[async_trait]
impl InstancePolicies for SqlStore {
    async fn instance_policies(&self, instance: InstanceId) -> Result<Policies, Error> {
        self.read(move |db| {
            let policies = db.query(
                "SELECT * FROM instance_policies WHERE instance = $1 ORDER BY kind",
                params![instance.0],
                policy,
            )?;
            Ok(Policies::new(policies))
        })
        .await
    }

    async fn save_instance_policies(
        &self,
        grant: &Grant,
        policies: Vec<InstancePolicy>,
        event: NewEvent,
    ) -> Result<(), Error> {
        grant.demand(|action| action == Action::WriteInstancePolicies)?;
        let instance = grant.instance();
        self.write(move |db| {
            policies.iter().try_for_each(|policy| save(db, instance, policy))?;
            append(db, &event)
        })
        .await
    }
}

pub(super) fn save(db: &Db<'_>, instance: InstanceId, policy: &InstancePolicy) -> Result<(), Error> {
    let InstancePolicy { rule, stamp, revision } = policy;
    let attributes =
        serde_json::to_string(&rule.attributes()).map_err(|_| Error::Corrupt("attributes of an instance policy"))?;
    let saved = db.execute(
        "INSERT INTO instance_policies (instance, kind, enabled, attributes, created_at, created_by, updated_at,
             updated_by, revision)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (instance, kind) DO UPDATE SET enabled = excluded.enabled, attributes = excluded.attributes,
             updated_at = excluded.updated_at, updated_by = excluded.updated_by, revision = excluded.revision
         WHERE instance_policies.revision = excluded.revision - 1",
        params![
            instance.0,
            rule.kind().name(),
            rule.enabled(),
            attributes,
            millis(stamp.created_at),
            &stamp.created_by,
            millis(stamp.updated_at),
            &stamp.updated_by,
            revision + 1
        ],
    )?;
    if saved == 1 { Ok(()) } else { Err(Error::Contended) }
}

fn policy(row: &Row<'_>) -> Result<InstancePolicy, Error> {
    let kind = InstancePolicyKind::from_name(&row.get::<String>("kind")?).ok_or_else(|| unreadable("kind"))?;
    let rule = InstanceRule::from_parts(kind, row.get("enabled")?, json(row, "attributes")?);
    Ok(InstancePolicy {
        rule: rule.ok_or_else(|| unreadable("attributes"))?,
        stamp: Stamp {
            created_at: instant(row, "created_at")?,
            created_by: row.get("created_by")?,
            updated_at: instant(row, "updated_at")?,
            updated_by: row.get("updated_by")?,
        },
        revision: row.get("revision")?,
    })
}
