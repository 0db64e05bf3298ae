//! What can be wrong with a trail.
//!
//! *Invariant:* every finding has a code of its own and says where; none shows what an event says.

use serde::Serialize;
use uuid::Uuid;

use crate::audit::chain::Hash;

/// Something wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
pub(crate) enum Finding {
    /// An event is not the one that was recorded.
    #[error("record {sequence} of writer {writer} is not the one that was written")]
    RecordAltered { writer: Uuid, sequence: u64 },
    /// Records were taken out.
    #[error("records {first} to {last} of writer {writer} are missing")]
    RecordsMissing { writer: Uuid, first: u64, last: u64 },
    /// A record stands where it does not belong.
    #[error("record {sequence} of writer {writer} is there again, or in the wrong order")]
    RecordRepeated { writer: Uuid, sequence: u64 },
    /// Events and their hashes were replaced together.
    #[error(
        "of records {first} to {last} of writer {writer} at least one is not the one that checkpoint {number} signed"
    )]
    ChainAltered { number: u64, writer: Uuid, first: u64, last: u64 },
    /// What the database keeps beside an event to find it by is not what the event says.
    #[error("record {sequence} of writer {writer} is filed under something that it does not say")]
    RecordMisfiled { writer: Uuid, sequence: u64 },
    /// Checkpoints were taken out.
    #[error("checkpoints {first} to {last} are missing")]
    CheckpointsMissing { first: u64, last: u64 },
    /// A checkpoint stands where it does not belong.
    #[error("checkpoint {number} is there again, or in the wrong order")]
    CheckpointRepeated { number: u64 },
    /// A checkpoint follows another one than the one before it.
    #[error("checkpoint {number} does not follow the one before it")]
    CheckpointUnlinked { number: u64 },
    /// A checkpoint for what an earlier one has signed.
    #[error("checkpoint {number} goes back to record {sequence} of writer {writer}, which is signed already")]
    CheckpointBackwards { number: u64, writer: Uuid, sequence: u64 },
    /// Records of a checkpoint come after those of a later one.
    #[error("checkpoint {number} does not come right after record {sequence} of writer {writer}")]
    CheckpointMisplaced { number: u64, writer: Uuid, sequence: u64 },
    /// Nobody whose signature counts.
    #[error("checkpoint {number} is signed by key {key}, which is not among those to be trusted")]
    KeyUnknown { number: u64, key: Hash },
    /// A statement or signature was altered.
    #[error("the signature of checkpoint {number} is wrong")]
    SignatureWrong { number: u64 },
    /// A writer's records cannot go on from there.
    #[error("the anchor at checkpoint {number} does not belong here")]
    AnchorMisplaced { number: u64 },
    /// The trail has another checkpoint than the one kept.
    #[error("checkpoint {number} is not the one that was kept")]
    KeptDiffers { number: u64 },
    /// The trail ends before the checkpoint kept.
    #[error("the trail ends with checkpoint {last}, but checkpoint {kept} was kept: its end was cut off")]
    EndCutOff { last: u64, kept: u64 },
    /// The trail begins after the checkpoint kept.
    #[error("checkpoint {number}, which was kept, is older than this part of the trail: take a longer part")]
    KeptIsOlder { number: u64 },
    /// A line is not of the format.
    #[error("line {line} is not a line of an export, or was altered")]
    LineUnreadable { line: u64 },
    /// The export does not begin with its header.
    #[error("the export does not begin with its header")]
    HeaderMissing,
    /// The export is not whole.
    #[error("the export does not end with its signed end: it was cut off")]
    EndMissing,
    /// Something follows the end.
    #[error("line {line} comes after the end of the export")]
    AfterEnd { line: u64 },
    /// Some line is not as it was exported.
    #[error("the signed end of the export is not that of the lines before it")]
    EndWrong,
}
