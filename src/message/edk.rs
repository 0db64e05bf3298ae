//! The header's list of encrypted data keys.
//!
//! *Invariant:* the count is judged before any entry is read.

use alloc::string::String;
use alloc::vec::Vec;

use crate::codec::{Reader, Stop, put_field};
use crate::error::Error;
use crate::keys::Edk;

/// Reads count and entries; refuses more than `limit` as soon as the count is there.
pub(super) fn parse(reader: &mut Reader<'_>, limit: u16) -> Result<Vec<Edk>, Stop> {
    let count = reader.u16()?;
    if count == 0 {
        return Err(Error::Malformed("no encrypted data key").into());
    }
    if count > limit {
        return Err(Error::TooManyEdks { count, limit }.into());
    }
    (0..count).map(|_| entry(reader)).collect()
}

fn entry(reader: &mut Reader<'_>) -> Result<Edk, Stop> {
    let provider_id = String::from_utf8(reader.field()?.to_vec())
        .map_err(|_| Error::Malformed("encrypted data key: provider id is not UTF-8"))?;
    let provider_info = reader.field()?.to_vec();
    let ciphertext = reader.field()?.to_vec();
    Ok(Edk { provider_id, provider_info, ciphertext })
}

/// Writes count and entries.
pub(super) fn encode(edks: &[Edk], out: &mut Vec<u8>) -> Result<(), Error> {
    let count = u16::try_from(edks.len()).map_err(|_| Error::argument("kek", "more than 65535 encrypted data keys"))?;
    out.extend_from_slice(&count.to_be_bytes());
    for edk in edks {
        put_field(out, edk.provider_id.as_bytes(), "kek: provider id")?;
        put_field(out, &edk.provider_info, "kek: provider info")?;
        put_field(out, &edk.ciphertext, "kek: wrapped data key")?;
    }
    Ok(())
}
