//! Policies of keys, read and written with the key they belong to.
//!
//! *Invariant:* a policy has no life of its own: no statement here finds one but through its key.

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    error::Error,
    keys::{
        key::{Key, KeyId},
        policy::{Authorization, DualAuth, Months, PolicyKind, Rotation, Stamp},
    },
    store::{
        db::{Db, Row, params, unreadable},
        sql::columns::{instant, millis, optional_instant},
    },
};

/// To select beside a key's own columns.
pub(super) const POLICY_COLUMNS: &str = "
    rotation.id AS rotation_id, rotation.enabled AS rotation_enabled,
    rotation.interval_month AS interval_month,
    rotation.created_at AS rotation_created_at, rotation.created_by AS rotation_created_by,
    rotation.updated_at AS rotation_updated_at, rotation.updated_by AS rotation_updated_by,
    dual_auth.id AS dual_auth_id, dual_auth.enabled AS dual_auth_enabled,
    dual_auth.authorized_by AS authorized_by, dual_auth.authorized_until AS authorized_until,
    dual_auth.created_at AS dual_auth_created_at, dual_auth.created_by AS dual_auth_created_by,
    dual_auth.updated_at AS dual_auth_updated_at, dual_auth.updated_by AS dual_auth_updated_by";
/// To join to `keys`.
pub(super) const JOIN_POLICIES: &str = "
    LEFT JOIN key_policies rotation ON rotation.key_id = keys.id AND rotation.kind = 'rotation'
    LEFT JOIN key_policies dual_auth ON dual_auth.key_id = keys.id AND dual_auth.kind = 'dualAuthDelete'";

pub(super) fn rotation(row: &Row<'_>) -> Result<Option<Rotation>, Error> {
    let Some(id) = row.get::<Option<Uuid>>("rotation_id")? else { return Ok(None) };
    Ok(Some(Rotation {
        id,
        enabled: row.get("rotation_enabled")?,
        interval: Months::parse(row.get("interval_month")?).map_err(|_| unreadable("interval_month"))?,
        stamp: Stamp {
            created_at: instant(row, "rotation_created_at")?,
            created_by: row.get("rotation_created_by")?,
            updated_at: instant(row, "rotation_updated_at")?,
            updated_by: row.get("rotation_updated_by")?,
        },
    }))
}

pub(super) fn dual_auth(row: &Row<'_>) -> Result<Option<DualAuth>, Error> {
    let Some(id) = row.get::<Option<Uuid>>("dual_auth_id")? else { return Ok(None) };
    let authorization = match (row.get("authorized_by")?, optional_instant(row, "authorized_until")?) {
        (Some(by), Some(until)) => Some(Authorization { by, until }),
        (None, None) => None,
        _ => return Err(unreadable("authorized_by")),
    };
    Ok(Some(DualAuth {
        id,
        enabled: row.get("dual_auth_enabled")?,
        authorization,
        stamp: Stamp {
            created_at: instant(row, "dual_auth_created_at")?,
            created_by: row.get("dual_auth_created_by")?,
            updated_at: instant(row, "dual_auth_updated_at")?,
            updated_by: row.get("dual_auth_updated_by")?,
        },
    }))
}

/// Stores the policies of a key as they are now.
pub(super) fn save_policies(db: &Db<'_>, key: &Key) -> Result<(), Error> {
    if let Some(Rotation { id, enabled, interval, stamp }) = &key.rotation {
        let row = Columns {
            id: *id,
            kind: PolicyKind::Rotation,
            enabled: *enabled,
            interval_month: Some(interval.number()),
            due_at: key.rotation_due(),
            authorization: None,
        };
        save(db, key.id, &row, stamp)?;
    }
    if let Some(DualAuth { id, enabled, authorization, stamp }) = &key.dual_auth {
        let row = Columns {
            id: *id,
            kind: PolicyKind::DualAuthDelete,
            enabled: *enabled,
            interval_month: None,
            due_at: None,
            authorization: authorization.as_ref(),
        };
        save(db, key.id, &row, stamp)?;
    }
    Ok(())
}

/// What the kinds of policies keep, side by side.
struct Columns<'a> {
    id: Uuid,
    kind: PolicyKind,
    enabled: bool,
    interval_month: Option<u8>,
    due_at: Option<Timestamp>,
    authorization: Option<&'a Authorization>,
}

fn save(db: &Db<'_>, key: KeyId, row: &Columns<'_>, stamp: &Stamp) -> Result<(), Error> {
    db.execute(
        "INSERT INTO key_policies (id, key_id, kind, enabled, interval_month, due_at, authorized_by, authorized_until,
             created_at, created_by, updated_at, updated_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT (key_id, kind) DO UPDATE SET enabled = excluded.enabled, interval_month = excluded.interval_month,
             due_at = excluded.due_at, authorized_by = excluded.authorized_by,
             authorized_until = excluded.authorized_until, updated_at = excluded.updated_at,
             updated_by = excluded.updated_by",
        params![
            row.id,
            key.0,
            row.kind.name(),
            row.enabled,
            row.interval_month,
            row.due_at.map(millis),
            row.authorization.map(|given| &given.by),
            row.authorization.map(|given| millis(given.until)),
            millis(stamp.created_at),
            &stamp.created_by,
            millis(stamp.updated_at),
            &stamp.updated_by
        ],
    )?;
    Ok(())
}
