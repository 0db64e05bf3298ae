//! What version 1 headers have beside those of version 2 (specification "Header Body Version 1.0"); only ever read.
//!
//! *Invariant:* fields with one lawful value are checked for it.

use crate::codec::{Reader, Stop};
use crate::crypto::gcm::NONCE_LENGTH;
use crate::error::Error;

/// The one type of messages: customer authenticated encrypted data.
const TYPE: u8 = 0x80;

/// Reads the type, which stands before the suite.
pub(super) fn message_type(reader: &mut Reader<'_>) -> Result<(), Stop> {
    match reader.u8()? {
        TYPE => Ok(()),
        _ => Err(Error::Malformed("no message type of version 1").into()),
    }
}

/// Reads what stands between content type and frame length.
pub(super) fn before_frame_length(reader: &mut Reader<'_>) -> Result<(), Stop> {
    if reader.u32()? != 0 {
        return Err(Error::Malformed("reserved bytes that are not zero").into());
    }
    if usize::from(reader.u8()?) != NONCE_LENGTH {
        return Err(Error::Malformed("an IV length that no suite has").into());
    }
    Ok(())
}
