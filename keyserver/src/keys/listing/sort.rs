//! `sort`: properties separated by commas, the first one first; `-` turns one round.
//!
//! *Invariant:* every order is total, since keys that are otherwise alike are ordered by id; a page is never ambiguous.

use crate::{error::Error, keys::listing::date::DateProperty};

/// What keys can be ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Property {
    /// Id.
    Id,
    /// State.
    State,
    /// Root keys, then standard keys.
    Extractable,
    /// Generated keys, then imported ones.
    Imported,
    /// A date; keys without it come last, whichever way.
    Date(DateProperty),
}

/// One step of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    /// By what.
    pub(crate) by: Property,
    /// From the largest to the smallest.
    pub(crate) descending: bool,
}

/// Reads the whole order.
pub(crate) fn parse(text: &str) -> Result<Vec<Step>, Error> {
    let refuse = |why| Err(Error::InvalidQuery { name: "sort", why });
    let mut steps: Vec<Step> = Vec::new();
    for item in text.split(',') {
        let (name, descending) = item.strip_prefix('-').map_or((item, false), |name| (name, true));
        let Some(by) = property(name) else {
            return refuse(
                "must be a list of id, state, extractable, imported, creationDate, lastUpdateDate, lastRotateDate, \
                 deletionDate, expirationDate, each with or without `-`",
            );
        };
        if steps.iter().any(|earlier| earlier.by == by) {
            return refuse("a property may occur once");
        }
        steps.push(Step { by, descending });
    }
    Ok(steps)
}

fn property(name: &str) -> Option<Property> {
    Some(match name {
        "id" => Property::Id,
        "state" => Property::State,
        "extractable" => Property::Extractable,
        "imported" => Property::Imported,
        _ => Property::Date(DateProperty::from_name(name)?),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NAMES: [&str; 9] = [
        "id",
        "state",
        "extractable",
        "imported",
        "creationDate",
        "lastUpdateDate",
        "lastRotateDate",
        "deletionDate",
        "expirationDate",
    ];

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            names in proptest::sample::subsequence(NAMES.to_vec(), 1..=9).prop_shuffle(),
            turned in proptest::collection::vec(any::<bool>(), 9),
        ) {
            let written: Vec<String> =
                names.iter().zip(&turned).map(|(name, turned)| format!("{}{name}", if *turned { "-" } else { "" })).collect();
            let steps = parse(&written.join(",")).expect("legal");
            prop_assert_eq!(steps.len(), names.len());
            for (step, (name, turned)) in steps.iter().zip(names.iter().zip(turned)) {
                prop_assert_eq!((Some(step.by), step.descending), (property(name), turned));
            }
        }
    }

    #[test]
    fn what_is_no_order_is_refused() {
        for bad in ["name", "id,", "--id", "ID", "id,-id", "- id", "id state"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
