//! Service IDs, API keys, and whom tokens are issued to.
//!
//! *Invariant:* of an API key, code or cookie only a digest is ever kept.

use base64ct::{Base64UrlUnpadded, Encoding};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    error::Error,
    iam::user::User,
    keys::{crn::Crn, environment::Entropy},
};

/// What is kept about every service ID and API key.
#[derive(Debug, Clone)]
pub(crate) struct Upkeep {
    /// When it was made.
    pub(crate) created_at: Timestamp,
    /// When it was changed last.
    pub(crate) modified_at: Timestamp,
    /// Not to be changed or removed until it is unlocked.
    pub(crate) locked: bool,
    /// Counts changes, so that two writers cannot overwrite each other.
    pub(crate) revision: i64,
}

impl Upkeep {
    /// Of something made now.
    pub(crate) const fn new(now: Timestamp, locked: bool) -> Self {
        Self { created_at: now, modified_at: now, locked, revision: 1 }
    }

    /// Notes a change.
    pub(crate) const fn touch(&mut self, now: Timestamp) {
        self.modified_at = now;
        self.revision += 1;
    }

    /// What a change must name as the state it is based on.
    pub(crate) fn etag(&self, id: Uuid) -> String {
        format!("{}-{}", self.revision, id.simple())
    }

    /// Refuses a change that is based on another state; `*` stands for any.
    pub(crate) fn require_etag(&self, id: Uuid, etag: &str) -> Result<(), Error> {
        if etag == "*" || etag == self.etag(id) { Ok(()) } else { Err(Error::EtagMismatch) }
    }

    /// Refuses a change of what is locked.
    pub(crate) const fn require_unlocked(&self) -> Result<(), Error> {
        if self.locked { Err(Error::Locked) } else { Ok(()) }
    }
}

/// Name of 1 to 255 printable characters, description of at most 500 characters.
pub(crate) fn check_label(name: &str, description: Option<&str>) -> Result<(), Error> {
    if !(1..=255).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        return Err(Error::InvalidField { name: "name", why: "a name has 1 to 255 printable characters" });
    }
    if description.is_some_and(|text| text.chars().count() > 500) {
        return Err(Error::InvalidField { name: "description", why: "a description has at most 500 characters" });
    }
    Ok(())
}

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
    /// Times, lock, revision.
    pub(crate) upkeep: Upkeep,
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
    /// A user, for their API key.
    User(User),
    /// A service ID, for its API key.
    ServiceId(ServiceId),
    /// A service instance, for its operator's token.
    Instance(Crn),
}

impl Principal {
    /// The id that policies and events name.
    pub(crate) fn iam_id(&self) -> String {
        match self {
            Self::User(user) => user.iam_id.clone(),
            Self::ServiceId(identity) => identity.iam_id(),
            Self::Instance(crn) => format!("crn-{crn}"),
        }
    }

    /// Label; a service instance has none of its own.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::User(user) => user.name(),
            Self::ServiceId(identity) => identity.name.clone(),
            Self::Instance(_) => String::new(),
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
    /// The account of its owner.
    pub(crate) account: String,
    /// IAM id of the user or service ID whose key it is.
    pub(crate) owner: String,
    /// What a presented key is looked up by.
    pub(crate) digest: Digest,
    /// IAM id of its maker.
    pub(crate) created_by: String,
    /// From when on it is good for nothing.
    pub(crate) expires_at: Option<Timestamp>,
    /// Good for nothing until it is enabled.
    pub(crate) disabled: bool,
    /// Times, lock, revision.
    pub(crate) upkeep: Upkeep,
}

impl ApiKey {
    /// Whether it is good for a token now.
    pub(crate) fn counts(&self, now: Timestamp) -> bool {
        !self.disabled && self.expires_at.is_none_or(|at| now < at)
    }

    /// Whether a user has it, not a service ID.
    pub(crate) fn is_of_user(&self) -> bool {
        !self.owner.starts_with("iam-ServiceId-")
    }
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
