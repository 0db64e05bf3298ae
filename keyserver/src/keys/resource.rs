//! Cloud resources that root keys protect, by their names.
//!
//! *Invariant:* a [`ResourceCrn`] has all ten segments, so that two spellings of one resource are equal.

use std::fmt;

use crate::error::Error;

const MAX_BYTES: usize = 512;
/// Segments up to the service instance: what belongs to one instance of a service.
const OWNER_SEGMENTS: usize = 8;
const SEGMENTS: usize = 10;

/// Full name of a resource of any service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ResourceCrn(String);

impl ResourceCrn {
    /// `crn:v1:…` with every segment up to the service instance; the last two may be left out.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let segments: Vec<&str> = text.split(':').collect();
        let legal = text.len() <= MAX_BYTES
            && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'*')
            && text.starts_with("crn:v1:")
            && segments.get(OWNER_SEGMENTS - 1).is_some_and(|instance| !instance.is_empty());
        if !legal {
            return Err(Error::InvalidField {
                name: "urlEncodedResourceCRN",
                why: "not a percent-encoded CRN with every segment up to the service instance",
            });
        }
        Ok(Self(complete(text)))
    }

    /// The name as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a resource is part of the service instance that this one is, or is part of.
    pub(crate) fn owns(&self, other: &Self) -> bool {
        let owner = |crn: &Self| crn.0.split(':').take(OWNER_SEGMENTS).map(str::to_owned).collect::<Vec<_>>();
        owner(self) == owner(other)
    }

    /// Everything that [`ResourceCrn::owns`] says yes to.
    pub(crate) fn owned(&self) -> CrnPattern {
        let mut segments: Vec<&str> = self.0.split(':').take(OWNER_SEGMENTS).collect();
        segments.push("*");
        CrnPattern(segments.join(":"))
    }
}

impl fmt::Display for ResourceCrn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A name in which `*` stands for any text, also none and also with colons in it. The service that this server is
/// compatible with advises against `*` in the first eight segments of some queries; it is understood everywhere here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CrnPattern(String);

impl CrnPattern {
    /// Any short text; one that is no CRN matches nothing.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        if text.len() > MAX_BYTES {
            return Err(Error::InvalidQuery {
                name: "urlEncodedResourceCRNQuery",
                why: "at most 512 characters before percent-encoding",
            });
        }
        Ok(Self(if text.ends_with('*') { text.to_owned() } else { complete(text) }))
    }

    /// The texts between the `*`.
    pub(crate) fn literals(&self) -> impl Iterator<Item = &str> {
        self.0.split('*')
    }
}

/// With the segments that may be left out at the end.
fn complete(text: &str) -> String {
    let present = text.split(':').count();
    text.to_owned() + &":".repeat(SEGMENTS.saturating_sub(present))
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSTANCE: &str = "crn:v1:bluemix:public:discovery:us-south:a/0123456789abcdef0123456789abcdef:77d0a1c2";

    fn crn(text: &str) -> ResourceCrn {
        ResourceCrn::parse(text).expect("legal")
    }

    #[test]
    fn spellings_of_one_instance_are_equal() {
        for text in [INSTANCE.to_owned(), format!("{INSTANCE}:"), format!("{INSTANCE}::")] {
            assert_eq!(crn(&text).as_str(), format!("{INSTANCE}::"));
        }
        assert_eq!(crn(&format!("{INSTANCE}:bucket:a:b")).as_str(), format!("{INSTANCE}:bucket:a:b"));
    }

    #[test]
    fn other_texts_are_no_resources() {
        let long = format!("{INSTANCE}:bucket:{}", "x".repeat(512));
        let (wild, spaced) = (format!("{INSTANCE}:*:*"), format!("{INSTANCE}:a bucket:"));
        for text in
            ["", "crn", "crn:v1:bluemix:public:discovery:us-south:a/0::", "crn:v2:a:b:c:d:e:f::", &long, &wild, &spaced]
        {
            assert!(ResourceCrn::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_instance_owns_what_is_inside_it() {
        let instance = crn(INSTANCE);
        assert!(instance.owns(&instance));
        assert!(instance.owns(&crn(&format!("{INSTANCE}:bucket:mine"))));
        assert!(crn(&format!("{INSTANCE}:bucket:mine")).owns(&instance));
        assert!(!instance.owns(&crn(&format!("{INSTANCE}0::"))));
        assert!(!instance.owns(&crn(&INSTANCE.replace("discovery", "assistant"))));
        assert_eq!(instance.owned(), CrnPattern(format!("{INSTANCE}:*")));
    }
}
