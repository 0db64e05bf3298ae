//! Lists of keys: conditions and orders as SQL, search in Rust on what the conditions leave.
//!
//! *Invariant:* what a caller wrote becomes a bound value or a word from this file, never a part of a statement.

use async_trait::async_trait;
use rusqlite::{Connection, params_from_iter, types::Value};

use crate::{
    error::Error,
    iam::{grant::Grant, roles::Action},
    keys::{
        alias::KeyRef,
        key::Key,
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
            keys::{blob, key, reach, select_keys},
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
            let Some(search) = search else {
                return Ok(Found { keys: select(db, condition, order, page)?, incomplete: false });
            };
            let direct = match search.direct() {
                Some(KeyRef::Alias(alias)) => aliases::owner(db, instance, &alias)?,
                Some(KeyRef::Id(id)) => Some(id),
                None => None,
            };
            let one = Page { limit: 1, offset: 0 };
            let direct = match direct {
                Some(id) => select(db, condition.clone().and("keys.id = ?", [blob(id.0)]), Sql::default(), one)?.pop(),
                None => None,
            };
            let all = Page { limit: MAX_SEARCHED as u32 + 1, offset: 0 };
            let searched = select(db, condition, order, all)?;
            if searched.len() > MAX_SEARCHED {
                let alone = direct.ok_or(Error::SearchTooBroad)?;
                return Ok(Found { keys: paged([alone].into_iter(), page), incomplete: true });
            }
            Ok(Found { keys: paged(found(&search, direct, searched), page), incomplete: false })
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

/// What was looked up directly, then everything else that is found.
fn found(search: &Search, direct: Option<Key>, searched: Vec<Key>) -> impl Iterator<Item = Key> {
    let first = direct.as_ref().map(|key| key.id);
    let others = searched.into_iter().filter(move |key| Some(key.id) != first);
    direct.into_iter().chain(others.filter(|key| search.finds(&key.name, &key.aliases)))
}

fn paged(keys: impl Iterator<Item = Key>, page: Page) -> Vec<Key> {
    keys.skip(page.offset as usize).take(page.limit as usize).collect()
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

fn select(db: &Connection, condition: Sql, order: Sql, page: Page) -> Result<Vec<Key>, Error> {
    let (select, condition_text, order_text) = (select_keys(), condition.text, order.text);
    let sql = format!("{select} WHERE {condition_text} ORDER BY {order_text}keys.id LIMIT ? OFFSET ?");
    let values = condition.values.into_iter().chain(order.values);
    let values = values.chain([Value::from(page.limit), Value::from(page.offset)]);
    let mut statement = db.prepare_cached(&sql)?;
    Ok(statement.query_map(params_from_iter(values), key)?.collect::<Result<_, _>>()?)
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
