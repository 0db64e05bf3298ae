//! Policies as rows.
//!
//! *Invariant:* writes and lists stay inside the account of the grant or view; a row that is not understood is an error, never
//! a wider policy.

use async_trait::async_trait;
use jiff::Timestamp;
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
        db::{Db, Row, Value, params, unreadable},
        policies::{Forgotten, Held, Policies},
        sql::{
            SqlStore,
            columns::{instant, json, millis, optional_instant},
            events::append,
            identities::is_active,
        },
    },
};

#[async_trait]
impl Policies for SqlStore {
    async fn policies_for(&self, caller: &Caller, now: Timestamp) -> Result<Held, Error> {
        let api_key = caller.api_key();
        if let Some(crn) = caller.instance() {
            let (account, service) = (crn.account.clone(), crn.service.clone());
            let sql = "SELECT * FROM policies WHERE subject IS NULL AND account = $1 AND state = 'active'
                       AND (source_service = $2 OR source_service IS NULL)";
            self.read(move |db| {
                let until = require_api_key(db, api_key, now)?;
                Ok(Held { policies: db.query(sql, params![&account, &service], policy)?.into(), until })
            })
            .await
        } else {
            let (subject, is_user) = (caller.iam_id().to_owned(), *caller.kind() == Kind::User);
            let sql = "SELECT * FROM policies WHERE subject = $1 AND state = 'active'";
            self.read(move |db| {
                // Their token may be good for most of an hour yet.
                let until = require_api_key(db, api_key, now)?;
                if is_user && !is_active(db, &subject)? {
                    return Err(Error::Denied);
                }
                Ok(Held { policies: db.query(sql, params![&subject], policy)?.into(), until })
            })
            .await
        }
    }

    async fn policies(&self, view: &PolicyView) -> Result<Vec<Policy>, Error> {
        let account = view.account().to_owned();
        let sql = "SELECT * FROM policies WHERE account = $1 ORDER BY created_at, id";
        let mut policies = self.read(move |db| db.query(sql, params![&account], policy)).await?;
        policies.retain(|policy| view.sees(policy));
        Ok(policies)
    }

    async fn policy(&self, view: &PolicyView, id: Uuid) -> Result<Option<Policy>, Error> {
        let account = view.account().to_owned();
        let found = self
            .read(move |db| {
                db.query_optional(
                    "SELECT * FROM policies WHERE id = $1 AND account = $2",
                    params![id, &account],
                    policy,
                )
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

fn update(db: &Db<'_>, account: &str, before: &Policy, after: &Policy) -> Result<bool, Error> {
    let sql = format!(
        "UPDATE policies SET ({COLUMNS}) = ({MARKS}) WHERE id = $1 AND account = $22 AND revision = $23 AND state = $24"
    );
    let mut values = values(after)?;
    values.extend([account.into(), before.revision.into(), before.state.word().into()]);
    Ok(db.execute_unless_taken(&sql, &values)?.ok_or(Error::PolicyExists)? > 0)
}

fn bound_to(db: &Db<'_>, instance: &Crn) -> Result<Vec<Policy>, Error> {
    let sql = "SELECT * FROM policies
         WHERE account = $1 AND state = 'active' AND (created_by LIKE 'crn-%' OR instance = $2)";
    let mut policies = db.query(sql, params![&instance.account, instance.instance], policy)?;
    policies.retain(|policy| policy.goes_with(instance));
    Ok(policies)
}

/// Whether these are all the policies that go with the instance, as they are now.
pub(super) fn are_bound_to(db: &Db<'_>, instance: &Crn, forgotten: &[Forgotten]) -> Result<bool, Error> {
    let bound = bound_to(db, instance)?;
    let read_so = |policy: &Policy| {
        forgotten.iter().any(|known| known.before.id == policy.id && known.before.revision == policy.revision)
    };
    Ok(bound.len() == forgotten.len() && bound.iter().all(read_so))
}

/// Stores that a policy ceased to count, and the event of it.
pub(super) fn forget(db: &Db<'_>, forgotten: &Forgotten) -> Result<(), Error> {
    let Forgotten { grant, before, after, event } = forgotten;
    grant.demand(Some(after.id))?;
    if !update(db, grant.account(), before, after)? {
        return Err(Error::Contended);
    }
    append(db, event)
}

/// The moment up to which the API key counts, if there is one.
fn require_api_key(db: &Db<'_>, api_key: Option<Uuid>, now: Timestamp) -> Result<Option<Timestamp>, Error> {
    let Some(id) = api_key else { return Ok(None) };
    let sql = "SELECT expires_at FROM api_keys
               WHERE id = $1 AND NOT disabled AND (expires_at IS NULL OR expires_at > $2)";
    let until = db.query_optional(sql, params![id, millis(now)], |row| optional_instant(row, "expires_at"))?;
    until.ok_or(Error::Denied)
}

/// In the order of [`values`].
const COLUMNS: &str = "id, state, description, roles, subject, source_service, source_group, source_instance,
    source_resource_type, account, service_type, service, instance, ring, key_id, target_group, created_at, created_by,
    modified_at, modified_by, revision";
const MARKS: &str = "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21";

pub(super) fn insert_policy(db: &Db<'_>, policy: &Policy) -> Result<(), Error> {
    let sql = format!("INSERT INTO policies ({COLUMNS}) VALUES ({MARKS})");
    db.execute_unless_taken(&sql, &values(policy)?)?.map(drop).ok_or(Error::PolicyExists)
}

fn values(policy: &Policy) -> Result<Vec<Value<'_>>, Error> {
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
        policy.id.into(),
        policy.state.word().into(),
        description.as_deref().into(),
        roles.into(),
        identity.into(),
        service.into(),
        group.into(),
        source.and_then(|source| source.instance).into(),
        source.and_then(|source| source.resource_type.as_deref()).into(),
        (&scope.account).into(),
        scope.service_type.map(ServiceType::word).into(),
        scope.service.as_deref().into(),
        scope.instance.into(),
        scope.ring.as_ref().map(RingId::as_str).into(),
        scope.key.map(|key| key.0).into(),
        scope.group.as_deref().into(),
        millis(policy.created.at).into(),
        (&policy.created.by).into(),
        millis(policy.modified.at).into(),
        (&policy.modified.by).into(),
        policy.revision.into(),
    ])
}

fn policy(row: &Row<'_>) -> Result<Policy, Error> {
    let state: String = row.get("state")?;
    Ok(Policy {
        id: row.get("id")?,
        rule: Rule {
            description: row.get("description")?,
            subject: subject(row)?,
            roles: roles(row)?,
            scope: scope(row)?,
        },
        state: PolicyState::from_word(&state).ok_or_else(|| unreadable("state"))?,
        created: Stamp { at: instant(row, "created_at")?, by: row.get("created_by")? },
        modified: Stamp { at: instant(row, "modified_at")?, by: row.get("modified_by")? },
        revision: row.get("revision")?,
    })
}

fn roles(row: &Row<'_>) -> Result<Vec<Role>, Error> {
    let roles: Vec<String> = json(row, "roles")?;
    let roles: Option<Vec<Role>> = roles.iter().map(|crn| Role::from_crn(crn)).collect();
    roles.ok_or_else(|| unreadable("roles"))
}

fn subject(row: &Row<'_>) -> Result<Subject, Error> {
    if let Some(iam_id) = row.get("subject")? {
        return Ok(Subject::Identity(iam_id));
    }
    let origin = match (row.get("source_service")?, row.get("source_group")?) {
        (Some(service), None) => Origin::Service(service),
        (None, Some(group)) => Origin::ResourceGroup(group),
        _ => return Err(unreadable("source_service")),
    };
    Ok(Subject::Service(Source {
        account: row.get("account")?,
        origin,
        instance: row.get("source_instance")?,
        resource_type: row.get("source_resource_type")?,
    }))
}

fn scope(row: &Row<'_>) -> Result<Scope, Error> {
    // A word this server does not know must not read as "no restriction".
    let service_type = match row.get::<Option<String>>("service_type")? {
        None => None,
        Some(word) => Some(ServiceType::from_word(&word).ok_or_else(|| unreadable("service_type"))?),
    };
    let ring = match row.get::<Option<String>>("ring")? {
        None => None,
        Some(id) => Some(RingId::parse(&id).map_err(|_| unreadable("ring"))?),
    };
    Ok(Scope {
        account: row.get("account")?,
        service_type,
        service: row.get("service")?,
        instance: row.get("instance")?,
        ring,
        key: row.get::<Option<Uuid>>("key_id")?.map(KeyId),
        group: row.get("target_group")?,
    })
}
