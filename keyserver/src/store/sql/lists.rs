//! Lists of keys: conditions and orders as SQL, search in Rust on what the conditions leave.
//!
//! *Invariant:* what a caller wrote becomes a bound value or a word from this file, never a part of a statement.

use async_trait::async_trait;

use crate::{
    error::Error,
    iam::{grant::Grant, roles::Action},
    keys::{
        alias::{Alias, KeyRef},
        crn::InstanceId,
        key::{Key, KeyId},
        lifecycle::State,
        listing::{
            date::{DateCondition, DateProperty},
            filter::Term,
            search::{MAX_SEARCHED, Search},
            sort::{Property, Step},
        },
    },
    store::{
        Filter, Found, KeyLists, Listing, Page,
        db::{Db, Row, Value, params},
        sql::{
            SqlStore, aliases,
            columns::millis,
            keys::{ALIASES, aliases_of, key, reach, select_keys},
            text::Sql,
        },
    },
};

#[async_trait]
impl KeyLists for SqlStore {
    async fn keys(&self, grant: &Grant, listing: Listing) -> Result<Found, Error> {
        grant.demand(|action| action == Action::ListKeys)?;
        let Listing { filter, search, order, page } = listing;
        let (condition, order) = (condition(grant, &filter), order_by(&order, &filter));
        let instance = grant.instance();
        self.read(move |db| {
            let (ids, incomplete) = match &search {
                None => (ids(db, &condition, &order, page)?, false),
                Some(search) => find(db, instance, search, &condition, &order, page)?,
            };
            Ok(Found { keys: load(db, ids)?, incomplete })
        })
        .await
    }

    async fn count_keys(&self, grant: &Grant, filter: Filter) -> Result<u64, Error> {
        grant.demand(|action| action == Action::CountKeys)?;
        let select = Sql::new("SELECT count(*) FROM keys WHERE ", []);
        let (sql, values) = Sql::join([select, condition(grant, &filter)]).numbered();
        self.read(move |db| db.value(&sql, &values).map(i64::unsigned_abs)).await
    }
}

/// A page of ids. The rest of a key is read for the page alone, so that what is sorted or skipped stays small.
fn ids(db: &Db<'_>, condition: &Sql, order: &Sql, page: Page) -> Result<Vec<KeyId>, Error> {
    let part = Sql::new(" LIMIT ? OFFSET ?", [page.limit.into(), page.offset.into()]);
    let (sql, values) = Sql::join([select("keys.id", condition, order), part]).numbered();
    db.query(&sql, &values, |row| row.at(0).map(KeyId))
}

fn select(columns: &str, condition: &Sql, order: &Sql) -> Sql {
    let select = Sql::new(format!("SELECT {columns} FROM keys WHERE "), []);
    Sql::join([select, condition.clone(), Sql::new(" ORDER BY ", []), order.clone(), Sql::new("keys.id", [])])
}

/// A page of what a search finds, and whether that is only what it looks up directly.
fn find(
    db: &Db<'_>,
    instance: InstanceId,
    search: &Search,
    condition: &Sql,
    order: &Sql,
    page: Page,
) -> Result<(Vec<KeyId>, bool), Error> {
    let named = match search.direct() {
        Some(KeyRef::Alias(alias)) => aliases::owner(db, instance, &alias)?,
        Some(KeyRef::Id(id)) => Some(id),
        None => None,
    };
    let direct = match named {
        Some(id) => labels(db, &condition.clone().and("keys.id = ?", [id.0.into()]), &Sql::default())?.pop(),
        None => None,
    };
    let direct = direct.map(|label| label.id);
    let mut searched = labels(db, condition, order)?;
    let incomplete = searched.len() > MAX_SEARCHED;
    if incomplete {
        direct.ok_or(Error::SearchTooBroad)?;
        searched.clear();
    }
    let others = searched.into_iter().filter(|label| Some(label.id) != direct);
    let others = others.filter(|label| search.finds(&label.name, &label.aliases)).map(|label| label.id);
    let found = direct.into_iter().chain(others).skip(page.offset as usize).take(page.limit as usize);
    Ok((found.collect(), incomplete))
}

/// What a search looks at: many of these are read for a page of keys.
struct Label {
    id: KeyId,
    name: String,
    aliases: Vec<Alias>,
}

/// One more than a search may look through, at most.
fn labels(db: &Db<'_>, condition: &Sql, order: &Sql) -> Result<Vec<Label>, Error> {
    let columns = format!("keys.id, keys.name, {ALIASES} AS aliases");
    let limit = Sql::new(format!(" LIMIT {}", MAX_SEARCHED + 1), []);
    let (sql, values) = Sql::join([select(&columns, condition, order), limit]).numbered();
    let label =
        |row: &Row<'_>| Ok(Label { id: KeyId(row.get("id")?), name: row.get("name")?, aliases: aliases_of(row)? });
    db.query(&sql, &values, label)
}

/// The keys with these ids, in the same order; one that was purged since is left out.
fn load(db: &Db<'_>, ids: impl IntoIterator<Item = KeyId>) -> Result<Vec<Key>, Error> {
    let sql = format!("{} WHERE keys.id = $1", select_keys());
    ids.into_iter().filter_map(|id| db.query_optional(&sql, params![id.0], key).transpose()).collect()
}

fn condition(grant: &Grant, filter: &Filter) -> Sql {
    let mut sql = reach(grant);
    if let Some(ring) = &filter.ring {
        sql = sql.and("keys.ring = ?", [Value::from(ring.as_str().to_owned())]);
    }
    filter.terms.iter().fold(sql, |sql, term| match term {
        Term::Extractable(extractable) => sql.and("keys.extractable = ?", [Value::from(*extractable)]),
        Term::States(states) => {
            sql.and_one_of(state(filter), states.iter().map(|state| Value::from(state.number())).collect())
        }
        Term::Date(property, DateCondition::Absent) => sql.and(&format!("{} IS NULL", column(*property)), []),
        Term::Date(property, DateCondition::Within(span)) => {
            let column = column(*property);
            let sql = sql.and(&format!("{column} IS NOT NULL"), []);
            let from = |sql: Sql, from| sql.and(&format!("{column} >= ?"), [Value::from(from)]);
            let sql = span.from.into_iter().fold(sql, from);
            span.until.into_iter().fold(sql, |sql, until| sql.and(&format!("{column} < ?"), [Value::from(until)]))
        }
    })
}

/// The state that counts: an active key past its date is deactivated, as in the model.
fn state(filter: &Filter) -> Sql {
    let (active, deactivated) = (State::Active.number(), State::Deactivated.number());
    Sql::new(
        format!("CASE WHEN keys.state = {active} AND keys.expires_at <= ? THEN {deactivated} ELSE keys.state END"),
        [millis(filter.now).into()],
    )
}

/// Every step with a comma after it.
fn order_by(steps: &[Step], filter: &Filter) -> Sql {
    Sql::join(steps.iter().flat_map(|step| {
        let mut absent = Sql::default();
        let expression = match step.by {
            Property::Id => Sql::new("keys.id", []),
            Property::State => state(filter),
            Property::Extractable => Sql::new("keys.extractable", []),
            Property::Imported => Sql::new("keys.imported", []),
            Property::Date(property) => {
                absent = Sql::new(format!("{} IS NULL, ", column(property)), []);
                Sql::new(column(property), [])
            }
        };
        [absent, expression, Sql::new(if step.descending { " DESC, " } else { ", " }, [])]
    }))
}

const fn column(property: DateProperty) -> &'static str {
    match property {
        DateProperty::Creation => "keys.created_at",
        DateProperty::Deletion => "keys.deleted_at",
        DateProperty::Expiration => "keys.expires_at",
        DateProperty::LastRotate => "keys.rotated_at",
        DateProperty::LastUpdate => "keys.updated_at",
    }
}
