//! Sealed messages: AWS Encryption SDK message format, version 2, suite 0x0478, framed.
//!
//! | part | bytes | written by | read by |
//! |---|---|---|---|
//! | header body: version, suite, message id, context, EDKs, content type, frame length, commit key | 76 + context + EDKs | [`Draft::seal`] | [`Header::parse`] |
//! | header tag | 16 | [`Draft::seal`] | [`Header::unlock`] |
//! | regular frame: number, IV, ciphertext, tag | frame length + 32 | [`Sealer::push`] | [`Opener::push`] |
//! | final frame: marker, number, IV, length, ciphertext, tag | content + 40 | [`Sealer::finish`] | [`Opener::push`] |
//!
//! The suite is AES-256-GCM with HKDF-SHA-512 and key commitment, without signature (0x0478
//! `AES_256_GCM_HKDF_SHA512_COMMIT_KEY` of the format's specification). It is the only one written. What else the
//! format has is read when [`Accept`] names it: version 1 headers, bodies of one block, and signed messages, whose footer
//! [`SignatureCheck`] takes apart.
//!
//! *Invariant:* no plaintext leaves before its frame's tag is verified, and nobody outside chooses a nonce.

mod derivation;
mod edk;
mod engine;
mod frame;
mod header;
mod lazy;
mod limits;
mod map;
mod open;
mod range;
mod seal;
mod signature;
mod suite;
mod template;
mod v1;
mod whole;

pub use crate::crypto::gcm::TAG_LENGTH;
pub use engine::{Engine, FrameJob, MessageKey, SoftEngine};
pub use frame::{DEFAULT_FRAME_LENGTH, FrameLength, Layout};
pub use header::{Draft, Header, Parsed, Sealed, Unlocked};
pub use lazy::LazySealer;
pub use limits::{Accept, Limits};
pub use map::{FrameMap, Place, Side};
pub use open::{FrameFront, FrameOpener, Front, Opener};
pub use range::{Claim, LONGEST_FRONT, RangeOpener};
pub use seal::{FrameSealer, SealedFrame, Sealer};
pub use signature::SignatureCheck;
pub use suite::{Curve, MESSAGE_ID_LENGTH, Suite};
pub use template::Template;
pub use whole::open_whole;
