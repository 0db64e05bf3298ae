//! Several KEKs, all of which are needed: the data key is derived from one part under each.
//!
//! *Invariant:* a part is a random data key of its own, so nothing is learned of the data key while one part is
//! missing.
//!
//! Entry `envelock-all-of-v1`:
//!
//! | field | bytes |
//! |---|---|
//! | provider info | the provider ids of the parts' entries, joined by `+`; of a part with several entries joined by `\|` |
//! | ciphertext | number of parts (1 byte, 2 to 10); for each part the number of its entries (1 byte, 1 to 10) and the entries: provider id, provider info, ciphertext, each behind its length (2 bytes, big-endian); nothing after the last |
//!
//! There are at most 10 entries in all. The data key is HKDF-SHA-512 (RFC 5869) with the ASCII text
//! `envelock-all-of-v1` as salt, the parts in their order as input key material, 32 bytes each, their number in one byte
//! as info, and 32 bytes of output. The encryption context is bound by each part as its KEK binds it, and by the
//! message's header.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::codec::{Reader, Stop, put_field};
use crate::context::EncryptionContext;
use crate::crypto::kdf::{Hash, Hkdf, sha256_of};
use crate::entropy::Entropy;
use crate::error::Error;
use crate::keys::{DATA_KEY_LENGTH, DataKey, Edk, Unwrapped};
use crate::operation::Step;
use crate::secret::Secret;
use crate::time::Timestamp;

use super::several::{all, unwrap_first};
use super::{Kek, Unwrapping, Wrapping};

const PROVIDER_ID: &str = "envelock-all-of-v1";
/// Most entries of all parts together; each may cost a call.
const MOST_ENTRIES: usize = 10;

/// KEKs of which all are needed to open.
pub struct AllOf(Vec<Box<dyn Kek>>);

impl AllOf {
    /// # Errors
    /// [`Error::InvalidArgument`] unless there are two KEKs or more, with at most 10 entries together.
    pub fn new(keks: Vec<Box<dyn Kek>>) -> Result<Self, Error> {
        if keks.len() < 2 {
            return Err(Error::argument("allOf", "needs two KEKs or more"));
        }
        if keks.iter().map(|kek| kek.entries()).sum::<usize>() > MOST_ENTRIES {
            return Err(Error::argument("allOf", "must not have more than 10 keys in all"));
        }
        Ok(Self(keks))
    }
}

impl Kek for AllOf {
    /// Errors: those of any KEK.
    fn generate(
        &self,
        context: &EncryptionContext,
        entropy: &mut dyn Entropy,
        now: Timestamp,
    ) -> Result<(DataKey, Wrapping), Error> {
        let mut keys = Vec::new();
        let mut wrappings = Vec::new();
        for kek in &self.0 {
            let (key, wrapping) = kek.generate(context, entropy, now)?;
            keys.push(key);
            wrappings.push(wrapping);
        }
        let key = derive(&keys)?;
        let wrapping = all(wrappings, now)?.then(now, |parts, _| Ok(Step::Done(vec![entry(&parts?)?])))?;
        Ok((key, wrapping))
    }

    /// Errors: always [`Error::InvalidArgument`], as the data key follows from the parts.
    fn wrap(
        &self,
        _key: &DataKey,
        _context: &EncryptionContext,
        _entropy: &mut dyn Entropy,
        _now: Timestamp,
    ) -> Result<Wrapping, Error> {
        Err(Error::argument("allOf", "cannot wrap a data key that exists: it makes its own"))
    }

    /// Errors: [`Error::UnwrapFailed`] if the entry is not as described above; of each part the most useful failure.
    fn unwrap(
        &self,
        edk: &Edk,
        context: &EncryptionContext,
        entropy: &mut dyn Entropy,
        now: Timestamp,
    ) -> Result<Option<Unwrapping>, Error> {
        if edk.provider_id != PROVIDER_ID {
            return Ok(None);
        }
        let parts = parse(&edk.ciphertext).map_err(|_| Error::UnwrapFailed)?;
        if edk.provider_info != info(&parts) {
            return Err(Error::UnwrapFailed);
        }
        if parts.len() != self.0.len() {
            return Ok(None);
        }
        let mut unwrappings = Vec::new();
        for (kek, entries) in self.0.iter().zip(&parts) {
            match unwrap_first(&**kek, entries, context, entropy, now)? {
                Some(unwrapping) => unwrappings.push(unwrapping),
                None => return Ok(None),
            }
        }
        all(unwrappings, now)?.then(now, |unwrapped, _| Ok(Step::Done(join(unwrapped?, parts)?))).map(Some)
    }

    fn identity(&self) -> [u8; 32] {
        let identities: Vec<_> = self.0.iter().map(|kek| kek.identity()).collect();
        sha256_of(&[PROVIDER_ID.as_bytes(), identities.as_flattened()])
    }

    fn wraps_given_keys(&self) -> bool {
        false
    }
}

/// The data key, and what the parts say of themselves: the shortest lease holds, and a part under a newer version makes
/// the whole entry new.
fn join(unwrapped: Vec<Unwrapped>, mut parts: Vec<Vec<Edk>>) -> Result<Unwrapped, Error> {
    let mut keys = Vec::new();
    let mut rewrapped = false;
    let mut lease = None;
    for (part, entries) in unwrapped.into_iter().zip(&mut parts) {
        keys.push(part.key);
        lease = [lease, part.lease].into_iter().flatten().min();
        if let Some(new) = part.rewrapped {
            // A rewrapped copy has the names of the entry that it came from.
            let names = |edk: &&mut Edk| edk.provider_id == new.provider_id && edk.provider_info == new.provider_info;
            if let Some(old) = entries.iter_mut().find(names) {
                *old = new;
                rewrapped = true;
            }
        }
    }
    let rewrapped = if rewrapped { Some(entry(&parts)?) } else { None };
    Ok(Unwrapped { key: derive(&keys)?, rewrapped, lease, version: None })
}

fn derive(parts: &[DataKey]) -> Result<DataKey, Error> {
    let wrong = || Error::Internal("parts of a data key");
    let mut material = Vec::with_capacity(parts.len() * DATA_KEY_LENGTH);
    for part in parts {
        if part.secret().len() != DATA_KEY_LENGTH {
            // Messages of other programs have shorter data keys, but no part is one.
            return Err(Error::UnwrapFailed);
        }
        // Derivation is what a part is for.
        material.extend_from_slice(part.secret().expose());
    }
    let number = u8::try_from(parts.len()).map_err(|_| wrong())?;
    let hkdf = Hkdf::new(Hash::Sha512, &Secret::new(material), PROVIDER_ID.as_bytes());
    hkdf.expand(&[number], DATA_KEY_LENGTH).and_then(DataKey::from_unwrapped).ok_or_else(wrong)
}

/// The entry for parts and their entries.
fn entry(parts: &[Vec<Edk>]) -> Result<Edk, Error> {
    let mut ciphertext = vec![count(parts)?];
    for entries in parts {
        ciphertext.push(count(entries)?);
        for edk in entries {
            put_field(&mut ciphertext, edk.provider_id.as_bytes(), "allOf: provider id")?;
            put_field(&mut ciphertext, &edk.provider_info, "allOf: provider info")?;
            put_field(&mut ciphertext, &edk.ciphertext, "allOf: wrapped data key")?;
        }
    }
    Ok(Edk { provider_id: PROVIDER_ID.to_owned(), provider_info: info(parts), ciphertext })
}

fn count<T>(items: &[T]) -> Result<u8, Error> {
    u8::try_from(items.len()).map_err(|_| Error::Internal("more entries than were counted"))
}

/// Names the composition by its provider ids.
fn info(parts: &[Vec<Edk>]) -> Vec<u8> {
    let part = |entries: &Vec<Edk>| entries.iter().map(|edk| edk.provider_id.as_str()).collect::<Vec<_>>().join("|");
    parts.iter().map(part).collect::<Vec<_>>().join("+").into_bytes()
}

fn parse(ciphertext: &[u8]) -> Result<Vec<Vec<Edk>>, Stop> {
    let malformed = || Error::Malformed("entry of several parts");
    let mut reader = Reader::new(ciphertext);
    let mut left = MOST_ENTRIES;
    let mut parts = Vec::new();
    for _ in 0..reader.u8()? {
        let number = reader.u8()?;
        left = left.checked_sub(number.into()).filter(|_| number > 0).ok_or_else(malformed)?;
        parts.push((0..number).map(|_| read_edk(&mut reader)).collect::<Result<_, _>>()?);
    }
    if parts.len() < 2 || !reader.is_at_end() {
        return Err(malformed().into());
    }
    Ok(parts)
}

fn read_edk(reader: &mut Reader<'_>) -> Result<Edk, Stop> {
    let provider_id =
        str::from_utf8(reader.field()?).map_err(|_| Error::Malformed("provider id is not UTF-8"))?.to_owned();
    Ok(Edk { provider_id, provider_info: reader.field()?.to_vec(), ciphertext: reader.field()?.to_vec() })
}
