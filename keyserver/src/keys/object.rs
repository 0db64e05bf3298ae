//! Stored objects: their names, what is known of them, and when they may be replaced.
//!
//! *Invariant:* a name is data; it never becomes a path on disk.

use crate::{error::Error, keys::instance::Stamp};

const MAX_NAME_BYTES: usize = 1024;

/// Name of an object, unique in its instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ObjectName(String);

impl ObjectName {
    /// 1 to 1024 bytes of text without control characters; slashes mean nothing.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let legal = (1..=MAX_NAME_BYTES).contains(&text.len()) && !text.chars().any(char::is_control);
        if !legal {
            return Err(Error::InvalidField {
                name: "object",
                why: "the name of an object has 1 to 1024 bytes of UTF-8 text without control characters",
            });
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// SHA-256 of an object's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Checksum(pub(crate) [u8; 32]);

/// Entity tag: the checksum in hexadecimal, which is strong because equal bytes and nothing else have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EntityTag(String);

impl EntityTag {
    /// A tag as a header names it, without its quotes.
    pub(crate) fn from_text(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The tag without quotes.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Checksum {
    /// The entity tag of an object with this checksum.
    pub(crate) fn tag(self) -> EntityTag {
        EntityTag(self.0.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// What is known of a stored object.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    /// Its name.
    pub(crate) name: ObjectName,
    /// Length in bytes, as sealed.
    pub(crate) size: u64,
    /// SHA-256 of its bytes, as sealed.
    pub(crate) checksum: Checksum,
    /// The file that holds it.
    pub(crate) file: String,
    /// When it was stored, and by whom.
    pub(crate) stored: Stamp,
}

/// What a request demands of the stored object before it does anything.
#[derive(Debug, Default)]
pub(crate) struct Precondition {
    /// `If-Match`.
    pub(crate) matching: Option<Tags>,
    /// `If-None-Match`.
    pub(crate) none_matching: Option<Tags>,
}

/// Tags of a condition.
#[derive(Debug)]
pub(crate) enum Tags {
    /// `*`: any object at all.
    Any,
    /// One of these.
    These(Vec<EntityTag>),
}

impl Tags {
    fn hold(&self, present: Option<Checksum>) -> bool {
        match (self, present) {
            (_, None) => false,
            (Self::Any, Some(_)) => true,
            (Self::These(tags), Some(checksum)) => tags.contains(&checksum.tag()),
        }
    }
}

impl Precondition {
    /// Whether `If-Match` holds for what is there.
    pub(crate) fn matches(&self, present: Option<Checksum>) -> bool {
        self.matching.as_ref().is_none_or(|tags| tags.hold(present))
    }

    /// Whether `If-None-Match` holds for what is there.
    pub(crate) fn differs(&self, present: Option<Checksum>) -> bool {
        self.none_matching.as_ref().is_none_or(|tags| !tags.hold(present))
    }

    /// What a change needs: both conditions. [`Error::PreconditionFailed`] otherwise.
    pub(crate) fn check(&self, present: Option<Checksum>) -> Result<(), Error> {
        if self.matches(present) && self.differs(present) { Ok(()) } else { Err(Error::PreconditionFailed) }
    }
}

/// A part of an object that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Range {
    /// `a-b` or `a-`.
    From {
        /// First byte.
        first: u64,
        /// Last byte; without it, to the end.
        last: Option<u64>,
    },
    /// `-n`: so many at the end.
    Last(u64),
}

impl Range {
    /// One range of the unit `bytes`; `None` for everything else, which a server may ignore.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.trim().strip_prefix("bytes=")?.split_once('-')?;
        let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?;
        match (first, last) {
            ("", last) => number(last).map(Self::Last),
            (first, "") => Some(Self::From { first: number(first)?, last: None }),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then_some(Self::From { first, last: Some(last) })
            }
        }
    }

    /// First byte and length within an object of this size; [`Error::RangeUnsatisfiable`] if none of it is there.
    pub(crate) fn within(self, size: u64) -> Result<(u64, u64), Error> {
        let (first, end) = match self {
            Self::From { first, last } => (first, last.map_or(size, |last| last.saturating_add(1).min(size))),
            Self::Last(count) => (size.saturating_sub(count), size),
        };
        if first < end { Ok((first, end - first)) } else { Err(Error::RangeUnsatisfiable { size }) }
    }
}

/// Part of a list of objects, in the order of their names' bytes.
#[derive(Debug)]
pub(crate) struct ObjectPage {
    /// Only names that start with this.
    pub(crate) prefix: String,
    /// Only names after this one.
    pub(crate) after: Option<String>,
    /// How many at most.
    pub(crate) limit: u32,
}

/// An object that is being stored.
#[derive(Debug)]
pub(crate) struct NewObject {
    /// Its name.
    pub(crate) name: ObjectName,
    /// What it may replace.
    pub(crate) precondition: Precondition,
    /// The checksum that its sender announced.
    pub(crate) announced: Option<Checksum>,
}

/// What a reader asks for.
#[derive(Debug)]
pub(crate) struct ReadObject {
    /// Its name.
    pub(crate) name: ObjectName,
    /// Which state of it is wanted.
    pub(crate) precondition: Precondition,
    /// Which part of it.
    pub(crate) range: Option<Range>,
    /// The range only holds for this state (`If-Range`).
    pub(crate) range_of: Option<EntityTag>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_rfc_9110_says() {
        let cases = [
            ("bytes=0-0", Some((0, 1))),
            ("bytes=2-", Some((2, 8))),
            ("bytes=2-99", Some((2, 8))),
            ("bytes=-3", Some((7, 3))),
            ("bytes=-99", Some((0, 10))),
            ("bytes=9-9", Some((9, 1))),
            ("bytes=10-", None),
            ("bytes=-0", None),
        ];
        for (text, expected) in cases {
            let range = Range::parse(text).expect(text);
            assert_eq!(range.within(10).ok(), expected, "{text}");
        }
        for ignored in
            ["", "bytes", "bytes=", "bytes=-", "bytes=5-4", "bytes=0-1,3-4", "lines=1-2", "bytes=+1-2", "bytes=a-b"]
        {
            assert_eq!(Range::parse(ignored), None, "{ignored}");
        }
        assert!(Range::Last(1).within(0).is_err());
        assert!(Range::From { first: u64::MAX, last: Some(u64::MAX) }.within(5).is_err());
    }

    #[test]
    fn conditions_compare_tags() {
        let (one, two) = (Checksum([1; 32]), Checksum([2; 32]));
        let only = |tags| Precondition { matching: Some(tags), none_matching: None };
        let not = |tags| Precondition { matching: None, none_matching: Some(tags) };
        assert!(Precondition::default().check(None).is_ok());
        assert!(not(Tags::Any).check(None).is_ok());
        assert!(not(Tags::Any).check(Some(one)).is_err());
        assert!(only(Tags::Any).check(None).is_err());
        assert!(only(Tags::These(vec![one.tag()])).check(Some(one)).is_ok());
        assert!(only(Tags::These(vec![one.tag()])).check(Some(two)).is_err());
        assert!(not(Tags::These(vec![one.tag()])).check(Some(two)).is_ok());
    }
}
