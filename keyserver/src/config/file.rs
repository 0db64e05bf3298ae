//! The configuration file: TOML, one line per option, named as its flag without the dashes.
//!
//! *Invariant:* says of everything it takes on which line it stands, and takes nothing it cannot name.

use std::{ffi::OsString, fs, path::Path};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// One option as the file has it.
pub(super) struct Entry {
    /// Name of the option.
    pub(super) key: String,
    /// Its values; more than one, or none, for an option that takes a list.
    pub(super) values: Vec<OsString>,
    /// `FILE line N`
    pub(super) origin: String,
}

/// Reads all options of a file, or says what is wrong with it and where.
pub(super) fn read(path: &Path) -> Result<Vec<Entry>, String> {
    let file = path.display();
    let text =
        fs::read_to_string(path).map_err(|error| format!("the configuration file {file} is not read: {error}"))?;
    let line = |offset: usize| format!("{file} line {}", text[..offset.min(text.len())].matches('\n').count() + 1);
    let table = DeTable::parse(&text).map_err(|error| {
        let place = error.span().map_or_else(|| file.to_string(), |span| line(span.start));
        format!("{place} is not TOML: {}", error.message().trim())
    })?;
    let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let (key, origin) = (AsRef::<str>::as_ref(key.get_ref()).to_owned(), line(key.span().start));
        match values(value.get_ref()) {
            Some(values) => Ok(Entry { key, values, origin }),
            None => Err(format!(
                "wrong value for {key} ({origin}): a text, a number, true or false, or a list of these is taken"
            )),
        }
    };
    table.get_ref().iter().map(entry).collect()
}

fn values(value: &DeValue<'_>) -> Option<Vec<OsString>> {
    match value {
        DeValue::Array(items) => items.iter().map(|item| single(item.get_ref())).collect(),
        one => single(one).map(|text| vec![text]),
    }
}

fn single(value: &DeValue<'_>) -> Option<OsString> {
    match value {
        DeValue::String(text) => Some(text.as_ref().into()),
        DeValue::Integer(number) => Some(number.to_string().into()),
        DeValue::Float(number) => Some(number.to_string().into()),
        DeValue::Boolean(answer) => Some(answer.to_string().into()),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}
