//! `filter`: terms separated by blanks, all of which must hold.
//!
//! ```text
//! state=1,2  extractable=true  creationDate=gte:"2026-02-01T00:00:00Z"  expirationDate=none
//! ```
//!
//! *Invariant:* a property occurs at most three times, so that a list is never narrowed by more than a page of conditions.

use crate::{
    error::Error,
    keys::{
        lifecycle::State,
        listing::date::{Comparison, DateCondition, DateProperty},
    },
};

/// How often a property may occur; ranges take two.
const MAX_OCCURRENCES: usize = 3;

/// One condition on a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Term {
    /// In one of these states.
    States(Vec<State>),
    /// A standard key (true) or a root key (false).
    Extractable(bool),
    /// Its date fulfils this.
    Date(DateProperty, DateCondition),
}

impl Term {
    /// Whether both are on the same property.
    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Date(one, _), Self::Date(two, _)) => one == two,
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

/// Reads the whole filter. An empty one has no terms.
pub(crate) fn parse(text: &str) -> Result<Vec<Term>, Error> {
    let mut terms = Vec::new();
    for word in words(text)? {
        let term = term(word)?;
        if terms.iter().filter(|earlier| term.is_like(earlier)).count() == MAX_OCCURRENCES {
            return refuse("a property may occur three times at most");
        }
        terms.push(term);
    }
    Ok(terms)
}

/// Reads a list of states, as the parameter `state` has it too; `name` is the parameter.
pub(crate) fn parse_states(name: &'static str, list: &str) -> Result<Vec<State>, Error> {
    // 0 and 4 are legal numbers of states that no key is ever in.
    let parse = |item: &str| match item.parse() {
        Ok(number @ 0..=5) => Ok(State::from_number(number)),
        _ => Err(Error::InvalidQuery { name, why: "a state must be a list of 0, 1, 2, 3, 5 separated by commas" }),
    };
    let states: Result<Vec<Option<State>>, Error> = list.split(',').map(parse).collect();
    Ok(states?.into_iter().flatten().collect())
}

/// Splits at blanks outside quotation marks.
fn words(text: &str) -> Result<Vec<&str>, Error> {
    if text.matches('"').count() % 2 == 1 {
        return refuse("a quotation mark is not closed");
    }
    let mut quoted = false;
    let words = text.split(|character: char| {
        quoted ^= character == '"';
        character == ' ' && !quoted
    });
    Ok(words.filter(|word| !word.is_empty()).collect())
}

fn term(word: &str) -> Result<Term, Error> {
    let Some((property, value)) = word.split_once('=') else {
        return refuse("a term has the form property=value");
    };
    match property {
        "state" => Ok(Term::States(parse_states("filter", value)?)),
        "extractable" if value.eq_ignore_ascii_case("true") => Ok(Term::Extractable(true)),
        "extractable" if value.eq_ignore_ascii_case("false") => Ok(Term::Extractable(false)),
        "extractable" => refuse("extractable must be true or false"),
        _ => match DateProperty::from_name(property) {
            Some(property) => Ok(Term::Date(property, condition(value)?)),
            None => refuse(
                "properties are state, extractable, creationDate, deletionDate, expirationDate, lastRotateDate and \
                 lastUpdateDate",
            ),
        },
    }
}

fn condition(value: &str) -> Result<DateCondition, Error> {
    if value.eq_ignore_ascii_case("none") {
        return Ok(DateCondition::Absent);
    }
    let operators = [
        ("lt:", Comparison::Before),
        ("lte:", Comparison::NotAfter),
        ("gt:", Comparison::After),
        ("gte:", Comparison::NotBefore),
    ];
    let operator = operators.iter().find_map(|(name, comparison)| Some((*comparison, value.strip_prefix(name)?)));
    let (comparison, instant) = operator.unwrap_or((Comparison::OnDayOf, value));
    let unquoted = instant.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match unquoted.and_then(|text| text.parse().ok()) {
        Some(at) => Ok(DateCondition::Within(comparison.span(at))),
        None => refuse(
            "a date must be none, or an RFC 3339 date and time in quotation marks after nothing, lt:, lte:, gt: or gte:",
        ),
    }
}

fn refuse<T>(why: &'static str) -> Result<T, Error> {
    Err(Error::InvalidQuery { name: "filter", why })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;

    fn written() -> impl Strategy<Value = (String, Term)> {
        let states = proptest::sample::subsequence(State::ALL.to_vec(), 1..=4).prop_map(|states| {
            let numbers: Vec<String> = states.iter().map(|state| state.number().to_string()).collect();
            (format!("state={}", numbers.join(",")), Term::States(states))
        });
        let extractable = any::<bool>().prop_map(|yes| (format!("extractable={yes}"), Term::Extractable(yes)));
        let operators = [
            ("", Comparison::OnDayOf),
            ("lt:", Comparison::Before),
            ("lte:", Comparison::NotAfter),
            ("gt:", Comparison::After),
            ("gte:", Comparison::NotBefore),
        ];
        let date = (
            proptest::sample::select(DateProperty::ALL.to_vec()),
            proptest::sample::select(operators.to_vec()),
            proptest::option::of(0_i64..4_000_000_000_000),
        );
        let date = date.prop_map(|(property, (operator, comparison), millis)| match millis {
            None => (format!("{}=none", property.name()), Term::Date(property, DateCondition::Absent)),
            Some(millis) => {
                let at = Timestamp::from_millisecond(millis).expect("in range");
                let condition = DateCondition::Within(comparison.span(at));
                (format!("{}={operator}\"{at}\"", property.name()), Term::Date(property, condition))
            }
        });
        prop_oneof![states, extractable, date]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_wherever_the_blanks_are(
            terms in proptest::collection::vec(written(), 0..=3),
            blanks in proptest::collection::vec(1_usize..3, 5),
        ) {
            let mut text = String::new();
            for ((term, _), blanks) in terms.iter().zip(&blanks) {
                text += &" ".repeat(*blanks);
                text += term;
            }
            text += &" ".repeat(blanks[4] - 1);
            let meant: Vec<Term> = terms.into_iter().map(|(_, term)| term).collect();
            prop_assert_eq!(parse(&text).expect("legal"), meant);
        }

        #[test]
        fn noise_is_read_or_refused_and_nothing_else(text in "[a-zD=:\", 0-9TZ.-]{0,60}") {
            drop(parse(&text));
        }
    }

    #[test]
    fn a_property_may_occur_three_times() {
        let date = "creationDate=none ";
        assert_eq!(parse(&date.repeat(3)).expect("legal").len(), 3);
        assert!(parse(&date.repeat(4)).is_err());
        let each: Vec<String> = DateProperty::ALL.map(|property| format!("{}=none", property.name())).into();
        assert_eq!(parse(&vec![each.join(" "); 3].join(" ")).expect("legal").len(), 15);
    }
}
