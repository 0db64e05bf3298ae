//! Policies as rows.
//!
//! *Invariant:* writes and lists stay inside the account of the grant or view; a row that is not understood is an error, never
//! a wider policy.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Params, Row, params_from_iter, types::Value};
use uuid::Uuid;

use crate::{
    error::Error,
    iam::{
        caller::{Caller, Kind},
        policy::{Origin, Policy, PolicyState, Rule, Scope, ServiceType, Source, Stamp, Subject},
        policy_grant::{PolicyGrant, PolicyView},
        roles::Role,
    },
    keys::{crn::Crn, key::KeyId, ring::RingId},
    store::{
        NewEvent,
        policies::{Forgotten, Policies},
        sqlite::{
            SqliteStore,
            events::append,
            identities::is_active,
            rows::{instant, millis, unreadable},
        },
    },
};

#[async_trait]
impl Policies for SqliteStore {
    async fn policies_for(&self, caller: &Caller, now: Timestamp) -> Result<Vec<Policy>, Error> {
        let api_key = caller.api_key();
        if let Some(crn) = caller.instance() {
            let values = (crn.account.clone(), crn.service.clone());
            let sql = "SELECT * FROM policies WHERE subject IS NULL AND account = ? AND state = 'active'
                       AND (source_service = ? OR source_service IS NULL)";
            self.read(move |db| {
                require_api_key(db, api_key, now)?;
                select(db, sql, values)
            })
            .await
        } else {
            let (subject, is_user) = (caller.iam_id().to_owned(), *caller.kind() == Kind::User);
            let sql = "SELECT * FROM policies WHERE subject = ? AND state = 'active'";
            self.read(move |db| {
                // Their token may be good for most of an hour yet.
                require_api_key(db, api_key, now)?;
                if is_user && !is_active(db, &subject)? {
                    return Err(Error::Denied);
                }
                select(db, sql, [subject])
            })
            .await
        }
    }

    async fn policies(&self, view: &PolicyView) -> Result<Vec<Policy>, Error> {
        let account = view.account().to_owned();
        let sql = "SELECT * FROM policies WHERE account = ? ORDER BY created_at, rowid";
        let mut policies = self.read(move |db| select(db, sql, [account])).await?;
        policies.retain(|policy| view.sees(policy));
        Ok(policies)
    }

    async fn policy(&self, view: &PolicyView, id: Uuid) -> Result<Option<Policy>, Error> {
        let account = view.account().to_owned();
        let found = self
            .read(move |db| {
                let mut statement = db.prepare_cached("SELECT * FROM policies WHERE id = ? AND account = ?")?;
                Ok(statement.query_row((id, account), policy).optional()?)
            })
            .await?;
        Ok(found.filter(|policy| view.sees(policy)))
    }

    async fn bound_to(&self, instance: &Crn) -> Result<Vec<Policy>, Error> {
        let instance = instance.clone();
        self.read(move |db| bound_to(db, &instance)).await
    }

    async fn insert_policy(&self, grant: &PolicyGrant, mut policy: Policy, event: NewEvent) -> Result<(), Error> {
        grant.demand(None)?;
        grant.account().clone_into(&mut policy.rule.scope.account);
        self.write(move |db| insert_policy(db, &policy).and_then(|()| append(db, &event))).await
    }

    async fn save_policy(
        &self,
        grant: &PolicyGrant,
        before: &Policy,
        after: Policy,
        event: NewEvent,
    ) -> Result<bool, Error> {
        grant.demand(Some(after.id))?;
        let (account, before) = (grant.account().to_owned(), before.clone());
        self.change(event, move |db| update(db, &account, &before, &after)).await
    }
}

fn update(db: &Connection, account: &str, before: &Policy, after: &Policy) -> Result<bool, Error> {
    let sql = format!(
        "UPDATE policies SET ({COLUMNS}) = ({MARKS}) WHERE id = ? AND account = ? AND revision = ? AND state = ?"
    );
    let mut values = values(after)?;
    let id = Value::Blob(after.id.as_bytes().to_vec());
    values.extend([id, account.to_owned().into(), before.revision.into(), before.state.word().to_owned().into()]);
    Ok(db.prepare_cached(&sql)?.execute(params_from_iter(values)).map_err(taken)? > 0)
}

fn bound_to(db: &Connection, instance: &Crn) -> Result<Vec<Policy>, Error> {
    let sql =
        "SELECT * FROM policies WHERE account = ? AND state = 'active' AND (created_by LIKE 'crn-%' OR instance = ?)";
    let mut policies = select(db, sql, (&instance.account, instance.instance))?;
    policies.retain(|policy| policy.goes_with(instance));
    Ok(policies)
}

/// Whether these are all the policies that go with the instance, as they are now.
pub(super) fn are_bound_to(db: &Connection, instance: &Crn, forgotten: &[Forgotten]) -> Result<bool, Error> {
    let bound = bound_to(db, instance)?;
    let read_so = |policy: &Policy| {
        forgotten.iter().any(|known| known.before.id == policy.id && known.before.revision == policy.revision)
    };
    Ok(bound.len() == forgotten.len() && bound.iter().all(read_so))
}

/// Stores that a policy ceased to count, and the event of it.
pub(super) fn forget(db: &Connection, forgotten: &Forgotten) -> Result<(), Error> {
    let Forgotten { grant, before, after, event } = forgotten;
    grant.demand(Some(after.id))?;
    if !update(db, grant.account(), before, after)? {
        return Err(Error::Contended);
    }
    append(db, event)
}

fn require_api_key(db: &Connection, api_key: Option<Uuid>, now: Timestamp) -> Result<(), Error> {
    let Some(id) = api_key else { return Ok(()) };
    let sql = "SELECT EXISTS (SELECT 1 FROM api_keys WHERE id = ? AND NOT disabled AND (expires_at IS NULL OR expires_at > ?))";
    let counts: bool = db.prepare_cached(sql)?.query_row((id, millis(now)), |row| row.get(0))?;
    if counts { Ok(()) } else { Err(Error::Denied) }
}

fn select(db: &Connection, sql: &str, values: impl Params) -> Result<Vec<Policy>, Error> {
    let mut statement = db.prepare_cached(sql)?;
    let policies = statement.query_map(values, policy)?.collect::<Result<_, _>>()?;
    Ok(policies)
}

/// In the order of [`values`].
const COLUMNS: &str = "id, state, description, roles, subject, source_service, source_group, source_instance,
    source_resource_type, account, service_type, service, instance, ring, key_id, target_group, created_at, created_by,
    modified_at, modified_by, revision";
const MARKS: &str = "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?";

pub(super) fn insert_policy(db: &Connection, policy: &Policy) -> Result<(), Error> {
    let sql = format!("INSERT INTO policies ({COLUMNS}) VALUES ({MARKS})");
    db.prepare_cached(&sql)?.execute(params_from_iter(values(policy)?)).map_err(taken)?;
    Ok(())
}

fn taken(error: rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation) => Error::PolicyExists,
        _ => error.into(),
    }
}

fn values(policy: &Policy) -> Result<Vec<Value>, Error> {
    fn text(value: Option<&str>) -> Value {
        value.map_or(Value::Null, |text| Value::Text(text.to_owned()))
    }
    fn id(value: Option<Uuid>) -> Value {
        value.map_or(Value::Null, |id| Value::Blob(id.as_bytes().to_vec()))
    }
    let Rule { description, subject, roles, scope } = &policy.rule;
    let roles: Vec<&str> = roles.iter().map(|role| role.crn()).collect();
    let roles = serde_json::to_string(&roles).map_err(|_| Error::Corrupt("roles of a policy"))?;
    let (identity, source) = match subject {
        Subject::Identity(iam_id) => (Some(iam_id.as_str()), None),
        Subject::Service(source) => (None, Some(source)),
    };
    let (service, group) = match source.map(|source| &source.origin) {
        Some(Origin::Service(name)) => (Some(name.as_str()), None),
        Some(Origin::ResourceGroup(id)) => (None, Some(id.as_str())),
        None => (None, None),
    };
    Ok(vec![
        id(Some(policy.id)),
        text(Some(policy.state.word())),
        text(description.as_deref()),
        Value::Text(roles),
        text(identity),
        text(service),
        text(group),
        id(source.and_then(|source| source.instance)),
        text(source.and_then(|source| source.resource_type.as_deref())),
        text(Some(&scope.account)),
        text(scope.service_type.map(ServiceType::word)),
        text(scope.service.as_deref()),
        id(scope.instance),
        text(scope.ring.as_ref().map(RingId::as_str)),
        id(scope.key.map(|key| key.0)),
        text(scope.group.as_deref()),
        millis(policy.created.at).into(),
        text(Some(&policy.created.by)),
        millis(policy.modified.at).into(),
        text(Some(&policy.modified.by)),
        policy.revision.into(),
    ])
}

fn policy(row: &Row<'_>) -> rusqlite::Result<Policy> {
    let state: String = row.get("state")?;
    Ok(Policy {
        id: row.get("id")?,
        rule: Rule {
            description: row.get("description")?,
            subject: subject(row)?,
            roles: roles(row)?,
            scope: scope(row)?,
        },
        state: PolicyState::from_word(&state).ok_or_else(|| unreadable(row, "state"))?,
        created: Stamp { at: instant(row, "created_at")?, by: row.get("created_by")? },
        modified: Stamp { at: instant(row, "modified_at")?, by: row.get("modified_by")? },
        revision: row.get("revision")?,
    })
}

fn roles(row: &Row<'_>) -> rusqlite::Result<Vec<Role>> {
    let roles: Vec<String> =
        serde_json::from_str(&row.get::<_, String>("roles")?).map_err(|_| unreadable(row, "roles"))?;
    let roles: Option<Vec<Role>> = roles.iter().map(|crn| Role::from_crn(crn)).collect();
    roles.ok_or_else(|| unreadable(row, "roles"))
}

fn subject(row: &Row<'_>) -> rusqlite::Result<Subject> {
    if let Some(iam_id) = row.get("subject")? {
        return Ok(Subject::Identity(iam_id));
    }
    let origin = match (row.get("source_service")?, row.get("source_group")?) {
        (Some(service), None) => Origin::Service(service),
        (None, Some(group)) => Origin::ResourceGroup(group),
        _ => return Err(unreadable(row, "source_service")),
    };
    Ok(Subject::Service(Source {
        account: row.get("account")?,
        origin,
        instance: row.get("source_instance")?,
        resource_type: row.get("source_resource_type")?,
    }))
}

fn scope(row: &Row<'_>) -> rusqlite::Result<Scope> {
    // A word this server does not know must not read as "no restriction".
    let service_type = match row.get::<_, Option<String>>("service_type")? {
        None => None,
        Some(word) => Some(ServiceType::from_word(&word).ok_or_else(|| unreadable(row, "service_type"))?),
    };
    let ring = match row.get::<_, Option<String>>("ring")? {
        None => None,
        Some(id) => Some(RingId::parse(&id).map_err(|_| unreadable(row, "ring"))?),
    };
    Ok(Scope {
        account: row.get("account")?,
        service_type,
        service: row.get("service")?,
        instance: row.get("instance")?,
        ring,
        key: row.get::<_, Option<Uuid>>("key_id")?.map(KeyId),
        group: row.get("target_group")?,
    })
}
