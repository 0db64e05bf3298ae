//! `search`: options, each ended by a colon, and the text to find in names and aliases.
//!
//! ```text
//! invoices   not:exact:invoices   alias:inv   name:alias:inv   not:escape:name:s
//! ```
//!
//! *Invariant:* upper and lower case do not matter, except where a text is looked up as what it may name: a key id or alias.

use uuid::Uuid;

use crate::{
    error::Error,
    keys::{
        alias::{Alias, KeyRef},
        key::KeyId,
    },
};

/// How many keys a search looks through at most.
pub(crate) const MAX_SEARCHED: usize = 5000;

/// A search, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Search {
    /// What to find, as it was written.
    pub(crate) text: String,
    folded: String,
    /// Where to find it; at least one of the two is true.
    pub(crate) names: bool,
    /// Where to find it; at least one of the two is true.
    pub(crate) aliases: bool,
    /// Find the keys that do not match instead.
    pub(crate) not: bool,
    /// The whole name or alias instead of a part of it.
    pub(crate) exact: bool,
}

impl Search {
    /// Options in any order, then the text. One comma at the end is no part of it: IBM's Go client always adds one.
    pub(crate) fn parse(query: &str) -> Result<Self, Error> {
        let (mut names, mut aliases, mut not, mut exact) = (false, false, false, false);
        let mut rest = query.strip_suffix(',').unwrap_or(query);
        while let Some((option, after)) = rest.split_once(':') {
            match option {
                "not" => not = true,
                "exact" => exact = true,
                "name" => names = true,
                "alias" => aliases = true,
                "escape" => {
                    rest = after;
                    break;
                }
                _ => break,
            }
            rest = after;
        }
        if rest.is_empty() {
            return Err(Error::InvalidQuery { name: "search", why: "there is no text to find" });
        }
        let both = names == aliases;
        Ok(Self {
            folded: rest.to_lowercase(),
            text: rest.to_owned(),
            names: names || both,
            aliases: aliases || both,
            not,
            exact,
        })
    }

    /// Whether a key with these names is found.
    pub(crate) fn finds(&self, name: &str, aliases: &[Alias]) -> bool {
        let fits = |text: &str| {
            let text = text.to_lowercase();
            if self.exact { text == self.folded } else { text.contains(&self.folded) }
        };
        let found = self.names && fits(name) || self.aliases && aliases.iter().any(|alias| fits(alias.as_str()));
        found != self.not
    }

    /// The key that the text may name by itself; it comes first in the answer.
    pub(crate) fn direct(&self) -> Option<KeyRef> {
        if self.not {
            return None;
        }
        match Uuid::try_parse(&self.text) {
            Ok(id) => Some(KeyRef::Id(KeyId(id))),
            Err(_) if self.aliases => Alias::parse(&self.text).ok().map(KeyRef::Alias),
            Err(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(query: &str) -> Search {
        Search::parse(query).expect("legal")
    }

    fn aliases(texts: &[&str]) -> Vec<Alias> {
        texts.iter().map(|text| Alias::parse(text).expect("legal")).collect()
    }

    #[test]
    fn options_come_in_any_order_and_end_where_they_are_told_to() {
        let plain = parse("text");
        assert!(plain.names && plain.aliases && !plain.not && !plain.exact);
        for query in ["not:exact:name:text", "name:not:exact:text", "exact:name:not:escape:text,"] {
            let search = parse(query);
            assert!(search.names && !search.aliases && search.not && search.exact, "{query}");
            assert_eq!(search.text, "text");
        }
        assert_eq!(parse("alias:name:text"), plain);
        for literal in ["not:text", "escape:escape:", "exact:", "name:alias"] {
            assert_eq!(parse(&format!("escape:{literal}")).text, literal);
        }
        assert_eq!(parse("a:b").text, "a:b");
        assert_eq!(parse("Not:b").text, "Not:b");
        for nothing in ["", ",", "not:", "exact:alias:,", "escape:"] {
            assert!(Search::parse(nothing).is_err(), "{nothing:?}");
        }
    }

    #[test]
    fn what_may_be_a_key_by_itself_is_looked_up() {
        let id = "5a0c2c1e-7d0e-4b57-9d52-3b6a4f0f7c11";
        let key = KeyRef::Id(KeyId(Uuid::try_parse(id).expect("a UUID")));
        for query in [id.to_owned(), format!("name:{id},"), format!("exact:{id}")] {
            assert_eq!(parse(&query).direct(), Some(key.clone()), "{query}");
        }
        let alias = aliases(&["Invoices"]).remove(0);
        assert_eq!(parse("alias:Invoices").direct(), Some(KeyRef::Alias(alias)));
        for query in ["name:Invoices", "not:Invoices", "two words", &format!("not:{id}")] {
            assert_eq!(parse(query).direct(), None, "{query}");
        }
    }

    proptest! {
        #[test]
        fn a_part_of_a_name_finds_it_in_any_case(name in "[a-zA-ZäÖ :,]{2,20}", start in 0_usize..20, length in 1_usize..20) {
            let part: String = name.chars().skip(start % name.chars().count()).take(length).collect();
            for written in [part.to_uppercase(), part.to_lowercase()] {
                let query = |options: &str| parse(&format!("{options}escape:{written},"));
                prop_assert!(query("").finds(&name, &[]));
                prop_assert!(query("name:").finds(&name, &[]));
                prop_assert!(!query("alias:").finds(&name, &[]));
                prop_assert!(!query("not:").finds(&name, &[]));
                let whole = written.to_lowercase() == name.to_lowercase();
                prop_assert_eq!(query("exact:").finds(&name, &[]), whole);
            }
        }

        #[test]
        fn not_is_the_opposite(query in "[a-z]{1,3}", name in "[a-c]{2,4}", alias in "[a-c]{2,4}") {
            let aliases = aliases(&[&alias]);
            for options in ["", "exact:", "alias:", "name:exact:"] {
                let (yes, no) = (parse(&format!("{options}{query}")), parse(&format!("not:{options}{query}")));
                prop_assert_ne!(yes.finds(&name, &aliases), no.finds(&name, &aliases));
            }
        }

        #[test]
        fn noise_is_read_or_refused_and_nothing_else(query in "(not:|exact:|alias:|name:|escape:|[a-z:,]){0,8}") {
            if let Ok(search) = Search::parse(&query) {
                prop_assert!(search.names || search.aliases);
                prop_assert!(query.contains(&search.text));
            }
        }
    }
}
