//! From data key and message id to the keys of one message (specification "Key Derivation").
//!
//! *Invariant:* a data key of another length than the suite's makes no keys.

use super::engine::MessageKey;
use super::suite::{MessageId, Suite};
use crate::crypto::kdf::Hkdf;
use crate::error::Error;
use crate::keys::DataKey;
use crate::secret::Secret;

pub(super) const COMMIT_KEY_LENGTH: usize = 32;
const COMMIT_KEY_INFO: &[u8] = b"COMMITKEY";
const MESSAGE_KEY_LABEL: &[u8] = b"DERIVEKEY";

/// The keys of one message.
pub(super) struct Keys {
    pub(super) message_key: MessageKey,
    /// Of a suite that commits. It is public: it stands in the header.
    pub(super) commit_key: Option<[u8; COMMIT_KEY_LENGTH]>,
}

/// # Errors
/// [`Error::UnwrapFailed`] unless `data_key` is as long as the suite's keys.
pub(super) fn derive(suite: Suite, data_key: &DataKey, message_id: &MessageId) -> Result<Keys, Error> {
    let data_key = data_key.secret();
    if data_key.len() != suite.key_length() {
        return Err(Error::UnwrapFailed);
    }
    let Some(hash) = suite.derivation() else {
        // The oldest suites use the data key itself.
        let message_key = MessageKey::new(Secret::new(data_key.expose().to_vec()));
        return Ok(Keys { message_key, commit_key: None });
    };
    let (salt, message_key_label) =
        if suite.commits() { (message_id.as_bytes(), MESSAGE_KEY_LABEL) } else { (&[][..], message_id.as_bytes()) };
    let hkdf = Hkdf::new(hash, data_key, salt);
    let expand = |info: &[u8], length| hkdf.expand(info, length).ok_or(Error::Internal("HKDF output length"));
    let commit_key = match suite.commits() {
        true => expand(COMMIT_KEY_INFO, COMMIT_KEY_LENGTH)?.expose().try_into().ok(),
        false => None,
    };
    let info = [&suite.id().to_be_bytes(), message_key_label].concat();
    Ok(Keys { message_key: MessageKey::new(expand(&info, suite.key_length())?), commit_key })
}
