//! Every table, by its name and columns: what a copy of the whole database has, whichever database it is.
//!
//! *Invariant:* a table comes after those it refers to; a test compares the list with the tables that the migrations make.

use base64ct::{Base64, Encoding};
use serde_json::{Value as Json, json};

/// A table.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Table {
    /// Its name.
    pub(crate) name: &'static str,
    /// The columns of its primary key, which rows are told apart and ordered by.
    pub(crate) key: &'static [&'static str],
    /// Its columns.
    pub(crate) columns: &'static [(&'static str, Kind)],
}

/// What a column holds, if anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Yes or no.
    Flag,
    /// A whole number.
    Number,
    /// A text.
    Text,
    /// Bytes.
    Bytes,
}
use Kind::{Bytes, Flag, Number, Text};

/// One column of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    /// Nothing.
    Null,
    /// Yes or no.
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl Cell {
    /// As JSON; bytes are base64, as the column's kind says that they are bytes.
    pub(crate) fn to_json(&self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Flag(flag) => json!(flag),
            Self::Number(number) => json!(number),
            Self::Text(text) => json!(text),
            Self::Bytes(bytes) => json!(Base64::encode_string(bytes)),
        }
    }

    /// From JSON; `None` if it is not of the kind.
    pub(crate) fn from_json(kind: Kind, json: &Json) -> Option<Self> {
        Some(match (kind, json) {
            (_, Json::Null) => Self::Null,
            (Flag, Json::Bool(flag)) => Self::Flag(*flag),
            (Number, Json::Number(number)) => Self::Number(number.as_i64()?),
            (Text, Json::String(text)) => Self::Text(text.clone()),
            (Bytes, Json::String(text)) => Self::Bytes(Base64::decode_vec(text).ok()?),
            _ => return None,
        })
    }
}

impl Table {
    /// The place of a column in the list.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|(column, _)| *column == name)
    }

    /// The table with this name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        TABLES.iter().find(|table| table.name == name)
    }
}

const fn table(name: &'static str, key: &'static [&'static str], columns: &'static [(&'static str, Kind)]) -> Table {
    Table { name, key, columns }
}

/// The tables. Objects come early: their files are looked for as soon as their rows are read.
#[rustfmt::skip]
pub(crate) const TABLES: &[Table] = &[
    table("instances", &["id"], &[
        ("id", Bytes), ("name", Text), ("region", Text), ("account", Text), ("created_at", Number), ("service", Text),
        ("plan", Bytes), ("resource_group", Text), ("key_instance", Bytes), ("key_id", Bytes), ("allow_cleanup", Flag),
        ("locked", Flag), ("tags", Text), ("state", Text), ("last_operation", Text), ("created_by", Text),
        ("updated_at", Number), ("updated_by", Text), ("reclamation", Bytes), ("deleted_at", Number), ("deleted_by", Text),
        ("revision", Number), ("stored_bytes", Number),
    ]),
    table("objects", &["instance", "name"], &[
        ("instance", Bytes), ("name", Bytes), ("size", Number), ("checksum", Bytes), ("file", Text), ("stored_at", Number),
        ("stored_by", Text),
    ]),
    table("loose_files", &["file"], &[("file", Text)]),
    table("service_ids", &["id"], &[
        ("id", Bytes), ("name", Text), ("description", Text), ("account", Text), ("created_at", Number), ("operates", Text),
        ("modified_at", Number), ("locked", Flag), ("revision", Number),
    ]),
    table("users", &["iam_id"], &[
        ("iam_id", Text), ("account", Text), ("email", Text), ("first_name", Text), ("last_name", Text), ("active", Flag),
        ("created_at", Number), ("created_by", Text),
    ]),
    table("api_keys", &["id"], &[
        ("id", Bytes), ("account", Text), ("owner", Text), ("name", Text), ("description", Text), ("digest", Bytes),
        ("created_at", Number), ("created_by", Text), ("modified_at", Number), ("expires_at", Number), ("disabled", Flag),
        ("locked", Flag), ("revision", Number),
    ]),
    table("policies", &["id"], &[
        ("id", Bytes), ("state", Text), ("description", Text), ("roles", Text), ("subject", Text), ("source_service", Text),
        ("source_group", Text), ("source_instance", Bytes), ("source_resource_type", Text), ("account", Text),
        ("service_type", Text), ("service", Text), ("instance", Bytes), ("ring", Text), ("key_id", Bytes),
        ("created_at", Number), ("created_by", Text), ("modified_at", Number), ("modified_by", Text), ("revision", Number),
        ("target_group", Text),
    ]),
    table("installation", &["only"], &[("only", Number), ("account", Text), ("region", Text), ("administrator", Bytes)]),
    table("signing_keys", &["id"], &[("id", Text), ("signs_from", Number), ("sealed", Bytes)]),
    table("sign_in_codes", &["digest"], &[("digest", Bytes), ("expires", Number)]),
    table("sessions", &["digest"], &[("digest", Bytes), ("service_id", Bytes), ("expires", Number)]),
    table("instance_policies", &["instance", "kind"], &[
        ("instance", Bytes), ("kind", Text), ("enabled", Flag), ("attributes", Text), ("created_at", Number),
        ("created_by", Text), ("updated_at", Number), ("updated_by", Text), ("revision", Number),
    ]),
    table("import_tokens", &["instance"], &[
        ("instance", Bytes), ("id", Bytes), ("created_at", Number), ("expires_at", Number), ("max_retrievals", Number),
        ("remaining_retrievals", Number), ("public_key", Bytes), ("private_key", Bytes), ("nonce", Bytes),
    ]),
    table("key_rings", &["instance", "id"], &[
        ("instance", Bytes), ("id", Text), ("created_at", Number), ("created_by", Text),
    ]),
    table("keys", &["id"], &[
        ("id", Bytes), ("instance", Bytes), ("ring", Text), ("name", Text), ("description", Text), ("tags", Text),
        ("extractable", Flag), ("imported", Flag), ("bits", Number), ("created_at", Number), ("created_by", Text),
        ("expires_at", Number), ("updated_at", Number), ("rotated_at", Number), ("state", Number), ("state_since", Number),
        ("notified_at", Number), ("deleted_at", Number), ("deleted_by", Text), ("revision", Number),
    ]),
    table("key_versions", &["key_id", "number"], &[
        ("key_id", Bytes), ("number", Number), ("id", Bytes), ("created_at", Number), ("material", Bytes),
        ("custody", Number),
    ]),
    table("key_policies", &["id"], &[
        ("id", Bytes), ("key_id", Bytes), ("kind", Text), ("enabled", Flag), ("interval_month", Number),
        ("authorized_by", Text), ("authorized_until", Number), ("created_at", Number), ("created_by", Text),
        ("updated_at", Number), ("updated_by", Text), ("due_at", Number),
    ]),
    table("aliases", &["instance", "alias"], &[("instance", Bytes), ("alias", Text), ("key_id", Bytes)]),
    table("registrations", &["key_id", "resource_crn"], &[
        ("key_id", Bytes), ("resource_crn", Text), ("created_at", Number), ("created_by", Text), ("updated_at", Number),
        ("updated_by", Text), ("description", Text), ("prevent_key_deletion", Flag), ("version_id", Bytes),
    ]),
    table("events", &["writer", "sequence"], &[
        ("writer", Bytes), ("sequence", Number), ("hash", Bytes), ("at", Number), ("instance", Bytes), ("key_id", Bytes),
        ("initiator", Text), ("action", Text), ("failed", Flag), ("correlation", Bytes), ("event", Text),
    ]),
    table("audit_checkpoints", &["number"], &[
        ("number", Number), ("previous", Bytes), ("writer", Bytes), ("sequence", Number), ("hash", Bytes), ("at", Number),
        ("key", Bytes), ("signature", Bytes),
    ]),
    table("audit_keys", &["only"], &[("only", Number), ("public_key", Bytes), ("sealed", Bytes)]),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rusqlite::Connection;

    use super::*;
    use crate::store::sql::SqlStore;

    /// Name, and place in the primary key counted from 1, or 0.
    fn columns(database: &Connection, table: &str) -> Vec<(String, i64)> {
        let mut columns = database.prepare("SELECT name, pk FROM pragma_table_info(?)").expect("a query");
        let columns = columns.query_map([table], |row| Ok((row.get(0)?, row.get(1)?))).expect("columns");
        columns.collect::<Result<_, _>>().expect("columns")
    }

    #[test]
    fn the_list_has_every_table_with_every_column_and_its_key() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("test.db");
        drop(SqlStore::open_file(&path, uuid::Uuid::nil()).expect("a store"));
        let database = Connection::open(&path).expect("a database");
        let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
        let mut names = database.prepare(sql).expect("a query");
        let names: BTreeSet<String> =
            names.query_map([], |row| row.get(0)).expect("tables").collect::<Result<_, _>>().expect("names");
        assert_eq!(names, TABLES.iter().map(|table| table.name.to_owned()).collect());
        for table in TABLES {
            let there: BTreeSet<(String, i64)> = columns(&database, table.name).into_iter().collect();
            let place = |name| table.key.iter().position(|key| *key == name).map_or(0, |index| index as i64 + 1);
            let listed = table.columns.iter().map(|(name, _)| ((*name).to_owned(), place(*name))).collect();
            assert_eq!(there, listed, "{}", table.name);
            let mut references = database.prepare("SELECT \"table\" FROM pragma_foreign_key_list(?)").expect("a query");
            let references = references.query_map([table.name], |row| row.get::<_, String>(0)).expect("tables");
            let index = |name: &str| TABLES.iter().position(|table| table.name == name);
            for other in references {
                assert!(index(&other.expect("a name")) < index(table.name), "{}", table.name);
            }
        }
    }
}
