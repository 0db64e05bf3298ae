//! Dates of keys, and conditions on them.
//!
//! Keys show their dates in whole seconds, so that a condition is on the second shown and not on what lies within it.
//! *Invariant:* every condition is one span of milliseconds, which a store can look up in an index.

use jiff::Timestamp;

const SECOND: i128 = 1_000_000_000;
const DAY: i128 = 86_400 * SECOND;

/// The dates that lists can be filtered and sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DateProperty {
    /// When it was made.
    Creation,
    /// When it was deleted.
    Deletion,
    /// When it deactivates by itself.
    Expiration,
    /// Last rotation.
    LastRotate,
    /// Last change.
    LastUpdate,
}

impl DateProperty {
    /// Every date.
    pub(crate) const ALL: [Self; 5] =
        [Self::Creation, Self::Deletion, Self::Expiration, Self::LastRotate, Self::LastUpdate];

    /// Its field in a key.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Creation => "creationDate",
            Self::Deletion => "deletionDate",
            Self::Expiration => "expirationDate",
            Self::LastRotate => "lastRotateDate",
            Self::LastUpdate => "lastUpdateDate",
        }
    }

    /// The date with this field.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|property| property.name() == name)
    }
}

/// How a date may relate to an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// On the same day in UTC, as IBM's SDKs describe it; a narrower span is written with two of the others.
    OnDayOf,
    /// `lt`
    Before,
    /// `lte`
    NotAfter,
    /// `gt`
    After,
    /// `gte`
    NotBefore,
}

/// A condition on a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DateCondition {
    /// The key has no such date.
    Absent,
    /// The key has it, within this span.
    Within(Span),
}

/// Milliseconds since 1970 UTC: from the first on, up to but without the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// The first that is in it; no limit when absent.
    pub(crate) from: Option<i64>,
    /// The first that is no longer in it; no limit when absent.
    pub(crate) until: Option<i64>,
}

impl Comparison {
    /// All dates that relate to the instant in this way.
    pub(crate) fn span(self, at: Timestamp) -> Span {
        let at = at.as_nanosecond();
        let first_second_from = -(-at).div_euclid(SECOND) * SECOND;
        let first_second_after = (at.div_euclid(SECOND) + 1) * SECOND;
        let day = at.div_euclid(DAY) * DAY;
        let (from, until) = match self {
            Self::OnDayOf => (Some(day), Some(day + DAY)),
            Self::Before => (None, Some(first_second_from)),
            Self::NotAfter => (None, Some(first_second_after)),
            Self::After => (Some(first_second_after), None),
            Self::NotBefore => (Some(first_second_from), None),
        };
        let millis = |nanos: i128| i64::try_from(nanos / 1_000_000).expect("instants have a limited range");
        Span { from: from.map(millis), until: until.map(millis) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn contains(span: Span, at: Timestamp) -> bool {
        let at = at.as_millisecond();
        span.from.is_none_or(|from| from <= at) && span.until.is_none_or(|until| at < until)
    }

    proptest! {
        #[test]
        fn a_span_holds_exactly_the_dates_that_compare_so(
            instant in -5_000_000_000_000_000_000_i128..5_000_000_000_000_000_000,
            near in -200_000_000_i64..200_000_000,
        ) {
            let at = Timestamp::from_nanosecond(instant).expect("in range");
            let stored = Timestamp::from_millisecond(at.as_millisecond() + near).expect("in range");
            let shown = Timestamp::from_second(stored.as_millisecond().div_euclid(1000)).expect("in range");
            prop_assert_eq!(contains(Comparison::Before.span(at), stored), shown < at);
            prop_assert_eq!(contains(Comparison::NotAfter.span(at), stored), shown <= at);
            prop_assert_eq!(contains(Comparison::After.span(at), stored), shown > at);
            prop_assert_eq!(contains(Comparison::NotBefore.span(at), stored), shown >= at);
            let day = |at: Timestamp| at.strftime("%Y-%m-%d").to_string();
            prop_assert_eq!(contains(Comparison::OnDayOf.span(at), stored), day(stored) == day(at));
        }
    }
}
