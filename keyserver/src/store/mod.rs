//! What the server remembers, as traits that a database fulfils.
//!
//! A change to keys, identities or policies takes the event that tells of it and is stored with it or not at all.
//! *Invariant:* calls on keys take a [`Grant`] and stay inside its instance and reach; material arrives and leaves sealed.

mod aliases;
mod audit;
mod changes;
mod chores;
pub(crate) mod copy;
mod db;
pub(crate) mod files;
mod identities;
mod import_tokens;
mod instance_policies;
mod known;
mod lists;
mod objects;
pub(crate) mod policies;
mod registrations;
pub(crate) mod resealing;
mod resources;
mod rings;
mod signing_keys;
pub(crate) mod sql;
pub(crate) mod tables;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    error::Error,
    iam::{
        grant::Grant,
        identity::{ApiKey, Digest, ServiceId},
        policy::Policy,
    },
    keys::{
        alias::KeyRef,
        crn::{Instance, InstanceId},
        key::{Key, KeyId},
        ring::RingId,
        version::{CustodyKind, SealedVersion},
    },
};

pub(crate) use aliases::Aliases;
pub(crate) use audit::{
    AuditTrail, Cursor, EventFilter, EventPage, Filed, SealedAuditKey, StoredRecord, Unsigned, Window,
};
pub(crate) use changes::Changes;
pub(crate) use chores::Chores;
pub(crate) use identities::{ApiKeys, Identities};
pub(crate) use import_tokens::ImportTokens;
pub(crate) use instance_policies::InstancePolicies;
pub(crate) use known::{Known, KnownKey};
pub(crate) use lists::{Filter, Found, KeyLists, Listing, Page};
pub(crate) use objects::Objects;
pub(crate) use registrations::{Registered, RegistrationFilter, Registrations};
pub(crate) use resources::{KeyRegistration, Removal, Resources, Usage};
pub(crate) use rings::Rings;
pub(crate) use signing_keys::{SealedSigningKey, SigningKeys};

/// Everything, behind one name.
pub(crate) trait Store:
    Installations
    + Identities
    + ApiKeys
    + policies::Policies
    + Keys
    + KeyLists
    + Aliases
    + Registrations
    + Rings
    + ImportTokens
    + Console
    + Events
    + AuditTrail
    + Chores
    + InstancePolicies
    + SigningKeys
    + Health
    + Resources
    + Objects
{
    /// What changed in it.
    fn changes(&self) -> &Changes;
}

/// Whether the store does its work.
#[async_trait]
pub(crate) trait Health: Send + Sync {
    /// Whether both reading and writing are possible now; changes nothing.
    async fn serves(&self) -> bool;
}

/// What the first start makes.
#[derive(Debug, Clone)]
pub(crate) struct Installation {
    /// Account id, 32 hexadecimal digits.
    pub(crate) account: String,
    /// Region of the instances made here.
    pub(crate) region: String,
    /// UUID of the administrator service ID.
    pub(crate) administrator: Uuid,
}

/// The installation itself.
#[async_trait]
pub(crate) trait Installations: Send + Sync {
    /// `None` before the first start has finished.
    async fn installation(&self) -> Result<Option<Installation>, Error>;
    /// All of it or nothing; [`Error::Contended`] if there is one already.
    async fn install(&self, first: FirstStart) -> Result<(), Error>;
    /// The Key Protect instance with this GUID, if it is not deleted.
    async fn instance(&self, id: InstanceId) -> Result<Option<Instance>, Error>;
    /// All Key Protect instances of the account that are not deleted, oldest first.
    async fn instances(&self, account: &str) -> Result<Vec<Instance>, Error>;
}

/// What the first start stores in one step.
#[derive(Debug)]
pub(crate) struct FirstStart {
    /// The installation.
    pub(crate) installation: Installation,
    /// The first key that signs access tokens.
    pub(crate) signing_key: SealedSigningKey,
    /// Its administrator.
    pub(crate) administrator: ServiceId,
    /// The administrator's API key.
    pub(crate) api_key: ApiKey,
    /// The administrator's access.
    pub(crate) policy: Policy,
    /// An instance to begin with.
    pub(crate) instance: Instance,
    /// The moment.
    pub(crate) at: Timestamp,
}

/// Keys and their versions.
#[async_trait]
pub(crate) trait Keys: Send + Sync {
    /// Adds a key with its first version; [`Error::AliasInUse`] if an alias is taken.
    async fn insert_key(&self, grant: &Grant, key: Key, version: SealedVersion, event: NewEvent) -> Result<(), Error>;
    /// The key with this id or alias, if the grant reaches it and it is in the ring asked for.
    async fn key(&self, grant: &Grant, name: &KeyRef, ring: Option<&RingId>) -> Result<Option<Key>, Error>;
    /// The custodies that versions of keys are in, of all instances; for the start, before there is anybody to ask.
    async fn custodies_in_use(&self) -> Result<Vec<CustodyKind>, Error>;
    /// All versions of a key, newest first.
    async fn versions(&self, grant: &Grant, key: KeyId) -> Result<Vec<SealedVersion>, Error>;
    /// Stores what changed about a key, and a version it gained, if nobody else changed it since it was read;
    /// `false` if somebody did.
    async fn save_key(
        &self,
        grant: &Grant,
        key: Key,
        gained: Option<SealedVersion>,
        event: NewEvent,
    ) -> Result<bool, Error>;
    /// Removes a key with all that belongs to it, for ever, if nobody changed it since it was read; `false` if somebody
    /// did.
    async fn purge_key(&self, grant: &Grant, key: &Key, event: NewEvent) -> Result<bool, Error>;
}

/// Sign-in codes and sessions of the console.
#[async_trait]
pub(crate) trait Console: Send + Sync {
    /// Keeps a code until it is used or expires.
    async fn insert_sign_in_code(&self, code: Digest, expires: Timestamp) -> Result<(), Error>;
    /// Uses a code up; `false` if it was unknown, used or expired.
    async fn take_sign_in_code(&self, code: Digest, now: Timestamp) -> Result<bool, Error>;
    /// Keeps a session, and forgets those that have expired.
    async fn insert_session(&self, session: Session, now: Timestamp) -> Result<(), Error>;
    /// The session of a cookie, if it has not expired.
    async fn session(&self, cookie: Digest, now: Timestamp) -> Result<Option<Session>, Error>;
    /// Ends a session, together with the event that tells of it.
    async fn delete_session(&self, cookie: Digest, event: NewEvent) -> Result<(), Error>;
}

/// A signed-in console.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// What the cookie is looked up by.
    pub(crate) cookie: Digest,
    /// UUID of the service ID that is signed in.
    pub(crate) identity: Uuid,
    /// When it ends.
    pub(crate) expires: Timestamp,
}

/// The audit journal.
#[async_trait]
pub(crate) trait Events: Send + Sync {
    /// Appends an event; durable when this returns.
    async fn append_event(&self, event: NewEvent) -> Result<(), Error>;
}

/// An event as a row.
#[derive(Debug)]
pub(crate) struct NewEvent {
    /// When.
    pub(crate) at: Timestamp,
    /// The instance it belongs to.
    pub(crate) instance: Option<InstanceId>,
    /// Its name.
    pub(crate) action: &'static str,
    /// Whether what it tells of was refused or went wrong.
    pub(crate) failed: bool,
    /// IAM id of who asked; empty if nobody knows.
    pub(crate) initiator: String,
    /// The key that it is about.
    pub(crate) key: Option<KeyId>,
    /// Id of the request.
    pub(crate) correlation: Uuid,
    /// The whole event.
    pub(crate) json: String,
}
