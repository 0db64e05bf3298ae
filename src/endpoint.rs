//! Where a service answers.
//!
//! *Invariant:* an address that would carry keys in clear over a network is no endpoint.

use alloc::borrow::ToOwned;
use alloc::string::String;

use crate::error::Error;

/// Hosts of IBM Key Protect, whose identity service has an address of its own.
const IBM_KEY_PROTECT: &str = ".kms.cloud.ibm.com";
const IBM_IDENTITY: &str = "https://iam.cloud.ibm.com";

/// The base address of a key service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(String);

impl Endpoint {
    /// An `https://` address, with a path or without. Plain `http://` only to the machine itself.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for anything else.
    pub fn new(address: &str) -> Result<Self, Error> {
        let wrong = |problem: &str| Err(Error::argument("endpoint", problem));
        let address = address.trim_end_matches('/');
        let (rest, secure) = match (address.strip_prefix("https://"), address.strip_prefix("http://")) {
            (Some(rest), _) => (rest, true),
            (None, Some(rest)) => (rest, false),
            (None, None) => return wrong("must start with https://"),
        };
        let authority = rest.split('/').next().unwrap_or_default();
        if authority.is_empty() || !rest.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#@\\".contains(&byte)) {
            return wrong("must be a plain address such as https://keys.example.com, without user, query or fragment");
        }
        let host = if authority.starts_with('[') {
            authority.split_inclusive(']').next().unwrap_or_default()
        } else {
            authority.split(':').next().unwrap_or_default()
        };
        if !secure && !["localhost", "127.0.0.1", "[::1]"].contains(&host) {
            return wrong("http:// is for this machine only (localhost): data keys travel here, so use https://");
        }
        Ok(Self(address.to_owned()))
    }

    /// IBM Key Protect in a region, such as `us-south`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if that makes no address.
    pub fn of_region(region: &str) -> Result<Self, Error> {
        Self::new(&format!("https://{region}{IBM_KEY_PROTECT}"))
    }

    /// Where API keys for this key service become tokens: IBM's identity service for IBM Key Protect, else itself.
    #[must_use]
    pub fn identity(&self) -> Self {
        let authority = self.0.split('/').nth(2).unwrap_or_default();
        let host = authority.split(':').next().unwrap_or_default();
        if host.ends_with(IBM_KEY_PROTECT) { Self(IBM_IDENTITY.to_owned()) } else { self.clone() }
    }

    /// The address, without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
