//! Lists of keys: conditions and orders as SQL, search in Rust on what the conditions leave.
//!
//! *Invariant:* what a caller wrote becomes a bound value or a word from this file, never a part of a statement.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter, types::Value};

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
        sqlite::{
            SqliteStore, aliases,
            keys::{ALIASES, aliases_of, blob, key, reach, select_keys},
            rows::millis,
        },
    },
};

#[async_trait]
impl KeyLists for SqliteStore {
    async fn keys(&self, grant: &Grant, listing: Listing) -> Result<Found, Error> {
        grant.demand(|action| action == Action::ListKeys)?;
        let Listing { filter, search, order, page } = listing;
        let (condition, order) = (condition(grant, &filter), order_by(&order, &filter));
        let instance = grant.instance();
        self.read(move |db| {
            let (ids, incomplete) = match search {
                None => (ids(db, condition, order, page)?, false),
                Some(search) => find(db, instance, &search, condition, order, page)?,
            };
            Ok(Found { keys: load(db, ids)?, incomplete })
        })
        .await
    }

    async fn count_keys(&self, grant: &Grant, filter: Filter) -> Result<u64, Error> {
        grant.demand(|action| action == Action::CountKeys)?;
        let Sql { text, values } = condition(grant, &filter);
        self.read(move |db| {
            let sql = format!("SELECT count(*) FROM keys WHERE {text}");
            let count: i64 = db.prepare_cached(&sql)?.query_row(params_from_iter(values), |row| row.get(0))?;
            Ok(count.unsigned_abs())
        })
        .await
    }
}

/// A page of ids. The rest of a key is read for the page alone, so that what is sorted or skipped stays small.
fn ids(db: &Connection, condition: Sql, order: Sql, page: Page) -> Result<Vec<KeyId>, Error> {
    let (condition_text, order_text) = (condition.text, order.text);
    let sql = format!("SELECT keys.id FROM keys WHERE {condition_text} ORDER BY {order_text}keys.id LIMIT ? OFFSET ?");
    let values = condition.values.into_iter().chain(order.values);
    let values = values.chain([Value::from(page.limit), Value::from(page.offset)]);
    let mut statement = db.prepare_cached(&sql)?;
    let ids = statement.query_map(params_from_iter(values), |row| row.get(0).map(KeyId))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

/// A page of what a search finds, and whether that is only what it looks up directly.
fn find(
    db: &Connection,
    instance: InstanceId,
    search: &Search,
    condition: Sql,
    order: Sql,
    page: Page,
) -> Result<(Vec<KeyId>, bool), Error> {
    let named = match search.direct() {
        Some(KeyRef::Alias(alias)) => aliases::owner(db, instance, &alias)?,
        Some(KeyRef::Id(id)) => Some(id),
        None => None,
    };
    let direct = match named {
        Some(id) => labels(db, condition.clone().and("keys.id = ?", [blob(id.0)]), Sql::default())?.pop(),
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
fn labels(db: &Connection, condition: Sql, order: Sql) -> Result<Vec<Label>, Error> {
    let (condition_text, order_text) = (condition.text, order.text);
    let sql = format!(
        "SELECT keys.id, keys.name, {ALIASES} AS aliases FROM keys
         WHERE {condition_text} ORDER BY {order_text}keys.id LIMIT {}",
        MAX_SEARCHED + 1
    );
    let mut statement = db.prepare_cached(&sql)?;
    let values = condition.values.into_iter().chain(order.values);
    let label =
        |row: &Row<'_>| Ok(Label { id: KeyId(row.get("id")?), name: row.get("name")?, aliases: aliases_of(row)? });
    Ok(statement.query_map(params_from_iter(values), label)?.collect::<Result<_, _>>()?)
}

/// The keys with these ids, in the same order; one that was purged since is left out.
fn load(db: &Connection, ids: impl IntoIterator<Item = KeyId>) -> Result<Vec<Key>, Error> {
    let mut statement = db.prepare_cached(&format!("{} WHERE keys.id = ?", select_keys()))?;
    let ids = ids.into_iter();
    ids.filter_map(|id| statement.query_row([id.0], key).optional().transpose()).map(|key| Ok(key?)).collect()
}

/// A piece of a statement with its values.
#[derive(Debug, Clone, Default)]
struct Sql {
    text: String,
    values: Vec<Value>,
}

impl Sql {
    fn and(mut self, condition: &str, values: impl IntoIterator<Item = Value>) -> Self {
        self.text += " AND ";
        self.text += condition;
        self.values.extend(values);
        self
    }

    fn and_one_of(self, expression: Self, wanted: Vec<Value>) -> Self {
        if wanted.is_empty() {
            return self.and("FALSE", []);
        }
        let marks = vec!["?"; wanted.len()].join(", ");
        self.and(&format!("{} IN ({marks})", expression.text), expression.values.into_iter().chain(wanted))
    }
}

fn condition(grant: &Grant, filter: &Filter) -> Sql {
    let (text, values) = reach(grant);
    let mut sql = Sql { text, values };
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
    Sql {
        text: format!(
            "CASE WHEN keys.state = {active} AND keys.expires_at <= ? THEN {deactivated} ELSE keys.state END"
        ),
        values: vec![Value::from(millis(filter.now))],
    }
}

/// Every step with a comma after it.
fn order_by(steps: &[Step], filter: &Filter) -> Sql {
    let mut sql = Sql::default();
    for step in steps {
        let expression = match step.by {
            Property::Id => "keys.id".to_owned(),
            Property::State => {
                let Sql { text, values } = state(filter);
                sql.values.extend(values);
                text
            }
            Property::Extractable => "keys.extractable".to_owned(),
            Property::Imported => "keys.imported".to_owned(),
            Property::Date(property) => column(property).to_owned(),
        };
        if let Property::Date(_) = step.by {
            sql.text += &format!("{expression} IS NULL, ");
        }
        sql.text += &expression;
        sql.text += if step.descending { " DESC, " } else { ", " };
    }
    sql
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
