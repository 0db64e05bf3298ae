//! Service IDs, their API keys, and whom tokens are issued to.
//!
//! *Invariant:* of an API key, code or cookie only a digest is ever kept.

use base64ct::{Base64UrlUnpadded, Encoding};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::keys::{crn::Crn, environment::Entropy};

/// A non-human identity.
#[derive(Debug, Clone)]
pub(crate) struct ServiceId {
    /// Its UUID, without prefix.
    pub(crate) id: Uuid,
    /// Label.
    pub(crate) name: String,
    /// Longer label.
    pub(crate) description: Option<String>,
    /// The account it belongs to.
    pub(crate) account: String,
    /// The services, or single instances, that this identity operates: it may get tokens in the name of their instances.
    /// In IBM's API this is `unique_instance_crns`, which names the services that a service ID is connected to; a CRN without
    /// an instance stands for every instance of that service in the account.
    pub(crate) operates: Vec<Crn>,
    /// When it was made.
    pub(crate) created_at: Timestamp,
}

impl ServiceId {
    /// Whether it may act for this instance of a service.
    pub(crate) fn operates(&self, instance: &Crn) -> bool {
        self.operates.iter().any(|crn| {
            crn.service == instance.service
                && crn.account == instance.account
                && (crn.location.is_empty() || crn.location == instance.location)
                && crn.instance.is_none_or(|guid| Some(guid) == instance.instance)
        })
    }

    /// `ServiceId-<uuid>`, the subject of its tokens.
    pub(crate) fn subject(&self) -> String {
        format!("ServiceId-{}", self.id)
    }

    /// `iam-ServiceId-<uuid>`, the id that policies name.
    pub(crate) fn iam_id(&self) -> String {
        format!("iam-{}", self.subject())
    }
}

/// Whom a token is issued to.
#[derive(Debug, Clone)]
pub(crate) enum Principal {
    /// A service ID, for its API key.
    ServiceId(ServiceId),
    /// A service instance, for its operator's token.
    Instance(Crn),
}

impl Principal {
    /// The id that policies and events name.
    pub(crate) fn iam_id(&self) -> String {
        match self {
            Self::ServiceId(identity) => identity.iam_id(),
            Self::Instance(crn) => format!("crn-{crn}"),
        }
    }

    /// Label; a service instance has none of its own.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::ServiceId(identity) => &identity.name,
            Self::Instance(_) => "",
        }
    }
}

/// An API key as it is kept.
#[derive(Debug, Clone)]
pub(crate) struct ApiKey {
    /// Its UUID, without prefix.
    pub(crate) id: Uuid,
    /// Label.
    pub(crate) name: String,
    /// Longer label.
    pub(crate) description: Option<String>,
    /// UUID of the service ID whose key it is.
    pub(crate) owner: Uuid,
    /// What a presented key is looked up by.
    pub(crate) digest: Digest,
    /// When it was made.
    pub(crate) created_at: Timestamp,
    /// IAM id of its maker.
    pub(crate) created_by: String,
}

/// SHA-256 of a random value: a fast hash is enough for 256 random bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Digest(pub(crate) [u8; 32]);

impl Digest {
    /// Of a presented value.
    pub(crate) fn of(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }
}

/// A random value that its holder proves identity with: API key, sign-in code, session cookie. Shown once, never kept.
pub(crate) struct Credential(Zeroizing<String>);

impl Credential {
    /// 256 random bits as URL-safe text.
    pub(crate) fn random(entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        entropy.fill(bytes.as_mut());
        Self(Zeroizing::new(Base64UrlUnpadded::encode_string(bytes.as_ref())))
    }

    /// What is kept of it.
    pub(crate) fn digest(&self) -> Digest {
        Digest::of(&self.0)
    }

    /// The text itself, for the one answer that hands it over.
    pub(crate) fn reveal(self) -> Zeroizing<String> {
        self.0
    }
}
