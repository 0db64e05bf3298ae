//! The whole database, row by row.
//!
//! *Invariant:* rows are read in the order of their primary key, a page at a time: no table has to fit in memory.

use std::sync::Arc;

use async_trait::async_trait;

use super::SqlStore;
use crate::{
    error::Error,
    store::{
        copy::{Copies, Sink, Source},
        db::{Db, Row, Value},
        tables::{Cell, Kind, TABLES, Table},
    },
};

const PAGE: usize = 1000;

#[async_trait]
impl Copies for SqlStore {
    async fn copy_out(&self, sink: Arc<dyn Sink>) -> Result<(), Error> {
        self.0
            .snapshot(move |db| {
                sink.begin()?;
                TABLES.iter().try_for_each(|table| read(db, table, &*sink))
            })
            .await
    }

    async fn occupied(&self) -> Result<Option<&'static str>, Error> {
        self.read(occupied).await
    }

    async fn copy_in(&self, source: Arc<dyn Source>) -> Result<(), Error> {
        self.0
            .fill(move |db| {
                if let Some(table) = occupied(db)? {
                    return Err(Error::Store(format!("table {table} has rows")));
                }
                source.give(&mut |table, cells| insert(db, table, cells))
            })
            .await
    }
}

fn occupied(db: &Db<'_>) -> Result<Option<&'static str>, Error> {
    for table in TABLES {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {})", table.name);
        if db.value::<bool>(&sql, &[])? {
            return Ok(Some(table.name));
        }
    }
    Ok(None)
}

fn read(db: &Db<'_>, table: &'static Table, sink: &dyn Sink) -> Result<(), Error> {
    let columns = columns(table);
    let key = table.key.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    let marks = marks(table.key.len());
    let select = format!("SELECT {columns} FROM {}", table.name);
    let first = format!("{select} ORDER BY {key} LIMIT {PAGE}");
    let next = format!("{select} WHERE ({key}) > ({marks}) ORDER BY {key} LIMIT {PAGE}");
    let mut rows = db.query(&first, &[], |row| cells(table, row))?;
    loop {
        let after = rows.last().map(|last| key_of(table, last));
        let whole = rows.len() == PAGE;
        if !rows.is_empty() {
            sink.take(table, rows)?;
        }
        let Some(after) = after.filter(|_| whole) else { return Ok(()) };
        let after: Vec<Value<'_>> = after.iter().map(value).collect();
        rows = db.query(&next, &after, |row| cells(table, row))?;
    }
}

fn cells(table: &Table, row: &Row<'_>) -> Result<Vec<Cell>, Error> {
    let cell = |(name, kind): &(&str, Kind)| {
        Ok(match kind {
            Kind::Flag => row.get::<Option<bool>>(name)?.map(Cell::Flag),
            Kind::Number => row.get::<Option<i64>>(name)?.map(Cell::Number),
            Kind::Text => row.get::<Option<String>>(name)?.map(Cell::Text),
            Kind::Bytes => row.get::<Option<Vec<u8>>>(name)?.map(Cell::Bytes),
        }
        .unwrap_or(Cell::Null))
    };
    table.columns.iter().map(cell).collect()
}

fn key_of(table: &Table, row: &[Cell]) -> Vec<Cell> {
    table.key.iter().filter_map(|name| row.get(table.column(name)?).cloned()).collect()
}

fn insert(db: &Db<'_>, table: &Table, cells: &[Cell]) -> Result<(), Error> {
    let sql = format!("INSERT INTO {} ({}) VALUES ({})", table.name, columns(table), marks(table.columns.len()));
    let values: Vec<Value<'_>> = cells.iter().map(value).collect();
    db.execute(&sql, &values).map(drop)
}

fn columns(table: &Table) -> String {
    // One of them is a word of the language.
    table.columns.iter().map(|(name, _)| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

fn marks(count: usize) -> String {
    (1..=count).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ")
}

fn value(cell: &Cell) -> Value<'_> {
    match cell {
        Cell::Null => Value::Null,
        Cell::Flag(flag) => Value::Boolean(*flag),
        Cell::Number(number) => Value::Integer(*number),
        Cell::Text(text) => Value::from(text),
        Cell::Bytes(bytes) => Value::from(bytes),
    }
}
