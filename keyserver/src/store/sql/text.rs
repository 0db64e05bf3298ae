//! Statements put together from pieces.
//!
//! *Invariant:* a value never becomes part of the text.

use crate::store::db::Value;

/// A piece of a statement with its values, each marked by `?` until the whole is numbered.
#[derive(Debug, Clone, Default)]
pub(super) struct Sql {
    text: String,
    values: Vec<Value<'static>>,
}

impl Sql {
    /// A piece and its values.
    pub(super) fn new(text: impl Into<String>, values: impl IntoIterator<Item = Value<'static>>) -> Self {
        Self { text: text.into(), values: values.into_iter().collect() }
    }

    /// The pieces one after the other.
    pub(super) fn join(pieces: impl IntoIterator<Item = Self>) -> Self {
        pieces.into_iter().fold(Self::default(), |mut whole, piece| {
            whole.text += &piece.text;
            whole.values.extend(piece.values);
            whole
        })
    }

    /// Adds a condition.
    pub(super) fn and(self, condition: &str, values: impl IntoIterator<Item = Value<'static>>) -> Self {
        Self::join([self, Self::new(format!(" AND {condition}"), values)])
    }

    /// Adds the condition that the expression is one of these values.
    pub(super) fn and_one_of(self, expression: Self, wanted: Vec<Value<'static>>) -> Self {
        if wanted.is_empty() {
            return self.and("FALSE", []);
        }
        let marks = vec!["?"; wanted.len()].join(", ");
        Self::join([self, Self::new(" AND ", []), expression, Self::new(format!(" IN ({marks})"), wanted)])
    }

    /// The text with `$1`, `$2` … for its marks, and what they stand for.
    pub(super) fn numbered(self) -> (String, Vec<Value<'static>>) {
        let mut pieces = self.text.split('?');
        let mut numbered = pieces.next().unwrap_or_default().to_owned();
        for (number, piece) in (1..).zip(pieces) {
            numbered += &format!("${number}{piece}");
        }
        (numbered, self.values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_numbered_in_the_order_of_their_values() {
        let sql = Sql::new("a = ?", [Value::from(1_i64)]).and_one_of(
            Sql::new("CASE WHEN b <= ? THEN 1 ELSE c END", [Value::from(2_i64)]),
            vec![Value::from(3_i64), Value::from(4_i64)],
        );
        let (text, values) = sql.and("d", []).numbered();
        assert_eq!(text, "a = $1 AND CASE WHEN b <= $2 THEN 1 ELSE c END IN ($3, $4) AND d");
        assert_eq!(values, [1_i64, 2, 3, 4].map(Value::from));
    }

    #[test]
    fn nothing_is_one_of_no_values() {
        let (text, values) = Sql::new("a", []).and_one_of(Sql::new("b", []), Vec::new()).numbered();
        assert_eq!((text.as_str(), values.as_slice()), ("a AND FALSE", [].as_slice()));
    }
}
