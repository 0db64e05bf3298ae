//! Values of parameters and columns, the same for every database.
//!
//! *Invariant:* a column is read as what it is or refused; no value is bent into another one.

use std::borrow::Cow;

use uuid::Uuid;

/// What a parameter or a column holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// Nothing.
    Null,
    /// Yes or no; SQLite keeps these as 1 and 0.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A text.
    Text(Cow<'a, str>),
    /// Bytes; ids and digests too.
    Bytes(Cow<'a, [u8]>),
}

/// The values of a statement's `$1`, `$2` ….
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        &[$($crate::store::db::Value::from($value)),*]
    };
}
pub(crate) use params;

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<u32> for Value<'_> {
    fn from(value: u32) -> Self {
        Self::Integer(value.into())
    }
}

impl From<u8> for Value<'_> {
    fn from(value: u8) -> Self {
        Self::Integer(value.into())
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value.into())
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(value.into())
    }
}

impl From<String> for Value<'_> {
    fn from(value: String) -> Self {
        Self::Text(value.into())
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(value.into())
    }
}

impl From<Vec<u8>> for Value<'_> {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value.into())
    }
}

impl<const N: usize> From<[u8; N]> for Value<'_> {
    fn from(value: [u8; N]) -> Self {
        Self::Bytes(value.to_vec().into())
    }
}

impl From<Uuid> for Value<'_> {
    fn from(value: Uuid) -> Self {
        value.into_bytes().into()
    }
}

impl<'a> From<&'a Vec<u8>> for Value<'a> {
    fn from(value: &'a Vec<u8>) -> Self {
        Self::Bytes(value.into())
    }
}

impl<'a> From<&'a Option<String>> for Value<'a> {
    fn from(value: &'a Option<String>) -> Self {
        value.as_ref().into()
    }
}

impl<'a, T> From<Option<T>> for Value<'a>
where
    Value<'a>: From<T>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::from)
    }
}

/// What a column can be read as; `None` where the value is something else.
pub(crate) trait Column: Sized {
    /// Reads the value.
    fn read(value: Value<'_>) -> Option<Self>;
}

impl Column for bool {
    fn read(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Boolean(value) => Some(value),
            Value::Integer(value @ (0 | 1)) => Some(value == 1),
            _ => None,
        }
    }
}

impl Column for i64 {
    fn read(value: Value<'_>) -> Option<Self> {
        if let Value::Integer(value) = value { Some(value) } else { None }
    }
}

impl Column for u32 {
    fn read(value: Value<'_>) -> Option<Self> {
        i64::read(value)?.try_into().ok()
    }
}

impl Column for u8 {
    fn read(value: Value<'_>) -> Option<Self> {
        i64::read(value)?.try_into().ok()
    }
}

impl Column for String {
    fn read(value: Value<'_>) -> Option<Self> {
        if let Value::Text(value) = value { Some(value.into_owned()) } else { None }
    }
}

impl Column for Vec<u8> {
    fn read(value: Value<'_>) -> Option<Self> {
        if let Value::Bytes(value) = value { Some(value.into_owned()) } else { None }
    }
}

impl<const N: usize> Column for [u8; N] {
    fn read(value: Value<'_>) -> Option<Self> {
        if let Value::Bytes(value) = value { value.as_ref().try_into().ok() } else { None }
    }
}

impl Column for Uuid {
    fn read(value: Value<'_>) -> Option<Self> {
        <[u8; 16]>::read(value).map(Self::from_bytes)
    }
}

impl<T: Column> Column for Option<T> {
    fn read(value: Value<'_>) -> Option<Self> {
        if value == Value::Null { Some(None) } else { T::read(value).map(Some) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_as_what_it_is_and_as_nothing_else() {
        assert_eq!(bool::read(Value::Integer(1)), Some(true), "as SQLite keeps it");
        assert_eq!(bool::read(Value::Integer(2)), None);
        assert_eq!(u8::read(Value::Integer(256)), None);
        assert_eq!(u32::read(Value::Integer(-1)), None);
        assert_eq!(i64::read(Value::Boolean(true)), None);
        assert_eq!(String::read(Value::Null), None);
        assert_eq!(Option::<String>::read(Value::Null), Some(None));
        assert_eq!(Option::<String>::read(Value::Integer(1)), None);
        assert_eq!(Uuid::read(Value::from([7; 32])), None);
        assert_eq!(Uuid::read(Value::from(Uuid::max())), Some(Uuid::max()));
        assert_eq!(Vec::<u8>::read(Value::from("text")), None);
    }
}
