//! The database under a test's server: a SQLite file, or a schema of its own in the PostgreSQL server that
//! `ENVELOCK_TEST_POSTGRES` names.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
};

use tokio_postgres::{Config, NoTls, SimpleQueryMessage};
use uuid::Uuid;

/// Names the PostgreSQL server of the test run, as the URL of a database and of a user who may make schemas in it.
const SERVER: &str = "ENVELOCK_TEST_POSTGRES";

/// URL of a PostgreSQL database that no other test sees; `None` when the tests run on SQLite.
pub(crate) fn fresh() -> Option<String> {
    let server = std::env::var(SERVER).ok()?;
    let mut random = [0; 16];
    getrandom::fill(&mut random).expect("random bytes");
    let schema = format!("test_{}", Uuid::from_bytes(random).simple());
    asked(server.parse().expect("a URL"), format!("CREATE SCHEMA {schema}")).expect("a schema");
    Some(format!("{server}?options=-c%20search_path%3D{schema}"))
}

/// Statements past the server, with no parameters and every value as a text.
pub(crate) enum Database {
    Sqlite(rusqlite::Connection, PathBuf),
    Postgres(Config),
}

impl Database {
    /// The database at a URL, or else in a directory.
    pub(crate) fn open(directory: &Path, url: Option<&str>) -> Self {
        match url {
            Some(url) => Self::Postgres(url.parse().expect("a URL")),
            None => {
                let file = directory.join("keyserver.db");
                Self::Sqlite(rusqlite::Connection::open(&file).expect("the database"), file)
            }
        }
    }

    pub(crate) const fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Runs a statement; how many rows it changed, or what the database says against it.
    pub(crate) fn execute(&self, sql: &str) -> Result<u64, String> {
        match self {
            Self::Sqlite(connection, _) => {
                connection.execute(sql, []).map(|rows| rows as u64).map_err(|error| error.to_string())
            }
            Self::Postgres(config) => asked(config.clone(), sql.to_owned()).map(|(_, rows)| rows),
        }
    }

    /// Runs statements.
    pub(crate) fn batch(&self, sql: &str) {
        match self {
            Self::Sqlite(connection, _) => connection.execute_batch(sql).expect("done"),
            Self::Postgres(config) => drop(asked(config.clone(), sql.to_owned()).expect("done")),
        }
    }

    /// Removes what keeps the audit trail as it is. PostgreSQL learns SQLite's words for bytes.
    pub(crate) fn unlock_trail(&self) {
        self.batch(if self.is_postgres() {
            "DROP TRIGGER events_are_not_changed ON events;
             DROP TRIGGER audit_checkpoints_are_not_changed ON audit_checkpoints;
             CREATE FUNCTION zeroblob(n int) RETURNS bytea LANGUAGE sql AS $$ SELECT decode(repeat('00', n), 'hex') $$;
             CREATE FUNCTION randomblob(n int) RETURNS bytea LANGUAGE sql AS $$ SELECT uuid_send(gen_random_uuid()) $$"
        } else {
            "DROP TRIGGER events_are_not_changed; DROP TRIGGER events_are_not_removed;
             DROP TRIGGER audit_checkpoints_are_not_changed; DROP TRIGGER audit_checkpoints_are_not_removed"
        });
    }

    /// The rows of a query; absent values are empty.
    pub(crate) fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        match self {
            Self::Sqlite(connection, _) => {
                let mut statement = connection.prepare(sql).expect("a statement");
                let columns = statement.column_count();
                let text = |row: &rusqlite::Row<'_>, index| match row.get::<_, rusqlite::types::Value>(index)? {
                    rusqlite::types::Value::Null => Ok(String::new()),
                    rusqlite::types::Value::Integer(number) => Ok(number.to_string()),
                    rusqlite::types::Value::Text(text) => Ok(text),
                    other => panic!("{other:?} is shown by `hex`"),
                };
                let rows = statement.query_map([], |row| (0..columns).map(|index| text(row, index)).collect());
                rows.expect("rows").map(|row| row.expect("a row")).collect()
            }
            Self::Postgres(config) => asked(config.clone(), sql.to_owned()).expect("rows").0,
        }
    }

    /// The one value of a query.
    pub(crate) fn value(&self, sql: &str) -> String {
        self.rows(sql).swap_remove(0).swap_remove(0)
    }

    /// The one number of a query.
    pub(crate) fn number(&self, sql: &str) -> i64 {
        self.value(sql).parse().expect("a number")
    }

    /// What orders events by their arrival, whatever chains they are on, as long as none arrived together.
    pub(crate) const fn arrival(&self) -> &'static str {
        if self.is_postgres() { "xmin::text::bigint, sequence" } else { "rowid" }
    }

    /// An id as a value in a statement.
    pub(crate) fn id(&self, id: &str) -> String {
        let hex = Uuid::try_parse(id).expect("a UUID").simple().to_string();
        if self.is_postgres() { format!("'\\x{hex}'::bytea") } else { format!("x'{hex}'") }
    }

    /// A column of bytes as a text.
    pub(crate) fn hex(&self, column: &str) -> String {
        if self.is_postgres() { format!("encode({column}, 'hex')") } else { format!("hex({column})") }
    }

    /// The number of the last change of the tables.
    pub(crate) fn format(&self) -> i64 {
        self.number(if self.is_postgres() { "SELECT number FROM format" } else { "PRAGMA user_version" })
    }

    pub(crate) fn set_format(&self, number: i64) {
        match self {
            Self::Sqlite(connection, _) => connection.pragma_update(None, "user_version", number).expect("set"),
            Self::Postgres(_) => {
                assert_eq!(self.execute(&format!("UPDATE format SET number = {number}")), Ok(1));
            }
        }
    }

    /// Every byte that the database keeps.
    pub(crate) fn everything(&self) -> Vec<u8> {
        match self {
            Self::Sqlite(_, file) => {
                let log = fs::read(file.with_extension("db-wal")).expect("a log");
                [fs::read(file).expect("a file"), log].concat()
            }
            Self::Postgres(_) => {
                let tables = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()";
                let rows = |table: Vec<String>| self.rows(&format!("SELECT * FROM {}", table[0]));
                let values = self.rows(tables).into_iter().flat_map(rows).flatten();
                values.flat_map(|value| bytes(&value).unwrap_or_else(|| value.into_bytes())).collect()
            }
        }
    }

    /// Lets every append to the journal fail, until [`Database::empty_journal`].
    pub(crate) fn fill_journal(&self) {
        let sql = if self.is_postgres() {
            "CREATE FUNCTION full_journal() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN RAISE EXCEPTION 'the journal is full'; END $$;
             CREATE TRIGGER full_journal BEFORE INSERT ON events EXECUTE FUNCTION full_journal()"
        } else {
            "CREATE TRIGGER full_journal BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'the journal is full'); END"
        };
        self.execute(sql).expect("a trigger");
    }

    pub(crate) fn empty_journal(&self) {
        let table = if self.is_postgres() { " ON events" } else { "" };
        self.execute(&format!("DROP TRIGGER full_journal{table}")).expect("dropped");
    }
}

/// What PostgreSQL shows of a column of bytes.
fn bytes(shown: &str) -> Option<Vec<u8>> {
    let hex = shown.strip_prefix("\\x")?;
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()).collect()
}

type Answer = Result<(Vec<Vec<String>>, u64), String>;

/// Asks PostgreSQL, on a thread that is in no runtime.
fn asked(config: Config, sql: String) -> Answer {
    let ask = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let (client, connection) = config.connect(NoTls).await.expect("connected");
            tokio::spawn(connection);
            let answer = client.simple_query(&sql).await.map_err(|error| {
                error.as_db_error().map_or_else(|| error.to_string(), |error| error.message().to_owned())
            })?;
            let (mut rows, mut changed) = (Vec::new(), 0);
            for message in answer {
                match message {
                    SimpleQueryMessage::Row(row) => {
                        rows.push((0..row.len()).map(|index| row.get(index).unwrap_or_default().to_owned()).collect());
                    }
                    SimpleQueryMessage::CommandComplete(count) => changed = count,
                    _ => (),
                }
            }
            Ok((rows, changed))
        })
    };
    thread::spawn(ask).join().expect("an answer")
}
