//! The audit trail, read back: chains, checkpoints, and events by what they say.
//!
//! *Invariant:* nothing here changes or removes an event or a checkpoint.

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    audit::{
        chain::{Hash, Position},
        checkpoint::{Checkpoint, PublicKey},
    },
    error::Error,
    iam::grant::AccountGrant,
    keys::{crn::InstanceId, key::KeyId, material::SealedMaterial},
};

/// The key that signs checkpoints.
#[derive(Debug, Clone)]
pub(crate) struct SealedAuditKey {
    /// Its public half.
    pub(crate) public_key: PublicKey,
    /// Its private half.
    pub(crate) sealed: SealedMaterial,
}

/// An event with its place and what it is filed under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredRecord {
    /// Whose chain.
    pub(crate) writer: Uuid,
    /// Counted from 1.
    pub(crate) sequence: u64,
    /// Its stored hash; events from before there were chains have none.
    pub(crate) hash: Option<Hash>,
    /// What it is found by.
    pub(crate) filed: Filed,
    /// The event, as it was written.
    pub(crate) event: String,
}

/// What an event is found by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filed {
    /// Milliseconds since 1970.
    pub(crate) at: i64,
    /// The instance it belongs to.
    pub(crate) instance: Option<Uuid>,
    /// The key that it is about.
    pub(crate) key: Option<Uuid>,
    /// IAM id of who asked.
    pub(crate) initiator: String,
    /// Its name.
    pub(crate) action: String,
    /// Whether it tells of a refusal or a failure.
    pub(crate) failed: bool,
    /// Id of the request.
    pub(crate) correlation: Uuid,
}

/// A chain that goes further than its last checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unsigned {
    /// Where the last checkpoint left it.
    pub(crate) signed: Position,
    /// Its last record.
    pub(crate) last: u64,
    /// When that was.
    pub(crate) at: Timestamp,
}

/// What to look for among events; all that is given must hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct EventFilter {
    /// Not before.
    pub(crate) from: Option<Timestamp>,
    /// Before.
    pub(crate) until: Option<Timestamp>,
    /// In this instance.
    pub(crate) instance: Option<InstanceId>,
    /// About this key.
    pub(crate) key: Option<KeyId>,
    /// Asked for by this IAM id.
    pub(crate) initiator: Option<String>,
    /// Of this name.
    pub(crate) action: Option<String>,
    /// Failed, or not.
    pub(crate) failed: Option<bool>,
    /// Of this request.
    pub(crate) correlation: Option<Uuid>,
}

/// A place in the order of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// Milliseconds since 1970.
    pub(crate) at: i64,
    /// Whose chain.
    pub(crate) writer: Uuid,
    /// Its record.
    pub(crate) sequence: u64,
}

/// How much one look takes in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    /// Events to look through at most.
    pub(crate) looks: u32,
    /// Events to find at most.
    pub(crate) finds: u32,
}

/// What one look found.
#[derive(Debug)]
pub(crate) struct EventPage {
    /// Newest first.
    pub(crate) found: Vec<StoredRecord>,
    /// Where the next look goes on; `None` if there is nothing left to look through.
    pub(crate) next: Option<Cursor>,
}

/// The audit trail. What is for callers takes a grant; the rest is for the server's own checkpoints and for exports of the whole.
#[async_trait]
pub(crate) trait AuditTrail: Send + Sync {
    /// The key that signs checkpoints, if there is one.
    async fn audit_key(&self) -> Result<Option<SealedAuditKey>, Error>;
    /// Keeps the key that signs checkpoints; `false` if there is one already.
    async fn insert_audit_key(&self, key: SealedAuditKey) -> Result<bool, Error>;
    /// How far the chains of this very process have come, from memory: events that are durable.
    fn own_heads(&self) -> Vec<Position>;
    /// Chains that go further than their last checkpoint.
    async fn unsigned(&self) -> Result<Vec<Unsigned>, Error>;
    /// The newest checkpoint.
    async fn last_checkpoint(&self) -> Result<Option<Checkpoint>, Error>;
    /// The newest checkpoint of a writer up to this number.
    async fn checkpoint_of(&self, writer: Uuid, up_to: u64) -> Result<Option<Checkpoint>, Error>;
    /// The last checkpoint that was made before this moment.
    async fn checkpoint_before(&self, moment: Timestamp) -> Result<Option<Checkpoint>, Error>;
    /// Checkpoints after this number, oldest first.
    async fn checkpoints(&self, after: u64, limit: u32) -> Result<Vec<Checkpoint>, Error>;
    /// Adds the checkpoint after the newest; `false` if somebody else made one of this number.
    async fn insert_checkpoint(&self, checkpoint: Checkpoint) -> Result<bool, Error>;
    /// Records of a writer after this one and up to that one, in order.
    async fn records(&self, writer: Uuid, after: u64, up_to: u64, limit: u32) -> Result<Vec<StoredRecord>, Error>;
    /// Every writer that has records.
    async fn writers(&self) -> Result<Vec<Uuid>, Error>;
    /// Looks for events, newest first, from a place on. The grant is for the account, whose events these are.
    async fn find_events(
        &self,
        grant: &AccountGrant,
        filter: EventFilter,
        from: Option<Cursor>,
        window: Window,
    ) -> Result<EventPage, Error>;
}
