//! Additional authenticated data of a wrap: a list of short strings.
//!
//! *Invariant:* two different lists never have the same encoding, and the list itself is never stored.

use crate::error::Error;

const MAX_ITEMS: usize = 255;
const MAX_CHARS: usize = 255;

/// The caller's list, within its limits; an absent list is an empty one.
#[derive(Debug, Default)]
pub(crate) struct Aad(Vec<String>);

impl Aad {
    /// At most 255 items of at most 255 characters.
    pub(crate) fn parse(items: Vec<String>) -> Result<Self, Error> {
        if items.len() > MAX_ITEMS {
            return Err(Error::InvalidField { name: "aad", why: "at most 255 items are accepted" });
        }
        if items.iter().any(|item| item.chars().count() > MAX_CHARS) {
            return Err(Error::InvalidField { name: "aad", why: "an item has at most 255 characters" });
        }
        Ok(Self(items))
    }

    /// The list itself, for another key service.
    pub(crate) fn items(&self) -> &[String] {
        &self.0
    }

    /// Injective encoding: the number of items, then each one after its length in bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(4 + self.0.iter().map(|item| 4 + item.len()).sum::<usize>());
        out.extend_from_slice(&length_prefix(self.0.len()));
        for item in &self.0 {
            out.extend_from_slice(&length_prefix(item.len()));
            out.extend_from_slice(item.as_bytes());
        }
        out
    }
}

fn length_prefix(length: usize) -> [u8; 4] {
    u32::try_from(length).expect("bounded by parse").to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::Aad;

    fn encoded(items: &[&str]) -> Vec<u8> {
        Aad::parse(items.iter().map(ToString::to_string).collect()).expect("legal").encode()
    }

    #[test]
    fn lists_that_join_to_the_same_text_differ() {
        let lists: [&[&str]; 6] = [&[], &[""], &["", ""], &["ab"], &["a", "b"], &["b", "a"]];
        for (i, one) in lists.iter().enumerate() {
            for other in &lists[i + 1..] {
                assert_ne!(encoded(one), encoded(other), "{one:?} and {other:?}");
            }
        }
    }

    #[test]
    fn limits_count_characters_not_bytes() {
        assert!(Aad::parse(vec!["é".repeat(255)]).is_ok());
        assert!(Aad::parse(vec!["é".repeat(256)]).is_err());
        assert!(Aad::parse(vec![String::new(); 255]).is_ok());
        assert!(Aad::parse(vec![String::new(); 256]).is_err());
    }
}
