//! Where the two databases do not understand the same words.
//!
//! A change of the tables is written with SQLite's types, and with `BOOLEAN` for yes and no. Statements need nothing of this:
//! they are written so that both databases read them alike.
//! *Invariant:* words of the table definition language are exchanged, and nothing else.

const TYPES: [(&str, &str); 3] = [("BLOB", "BYTEA"), ("INTEGER", "BIGINT"), ("TEXT", "TEXT COLLATE \"C\"")];

/// A change of the tables in PostgreSQL's words. Integers have 64 bits, and texts compare by their bytes, as in SQLite.
pub(super) fn for_postgres(sql: &str) -> String {
    sql.split_inclusive('\n').map(line).collect()
}

fn line(line: &str) -> String {
    // A comment may well speak of a TEXT.
    let (code, comment) = line.split_at(line.find("--").unwrap_or(line.len()));
    let mut exchanged = String::new();
    let mut rest = code;
    while !rest.is_empty() {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end = rest.find(|c| is_word(c) != rest.starts_with(is_word)).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        let kind = TYPES.iter().find(|(sqlite, _)| *sqlite == piece);
        exchanged += kind.map_or(piece, |(_, postgres)| postgres);
        rest = after;
    }
    exchanged + comment
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_exchanged_and_nothing_that_only_contains_their_names() {
        let change = "-- A TEXT.\nCREATE TABLE blobs (\n    id BLOB PRIMARY KEY,  -- a BLOB\n    n INTEGER, CONTEXT TEXT, on BOOLEAN\n);";
        assert_eq!(
            for_postgres(change),
            "-- A TEXT.\nCREATE TABLE blobs (\n    id BYTEA PRIMARY KEY,  -- a BLOB\n    n BIGINT, CONTEXT TEXT COLLATE \"C\", on BOOLEAN\n);"
        );
    }
}
