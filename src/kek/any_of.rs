//! Several KEKs, each of which opens what is sealed: one entry for each.
//!
//! *Invariant:* sealing fails unless every KEK has wrapped the data key, so each of them opens every message.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::context::EncryptionContext;
use crate::crypto::kdf::sha256_of;
use crate::entropy::Entropy;
use crate::error::Error;
use crate::keys::{DataKey, Edk};
use crate::operation::Step;
use crate::time::Timestamp;

use super::several::{Attempts, all};
use super::{Kek, Unwrapping, Wrapping};

/// KEKs of which any opens, tried in their order.
pub struct AnyOf(Vec<Box<dyn Kek>>);

impl AnyOf {
    /// # Errors
    /// [`Error::InvalidArgument`] unless there are two KEKs or more, and all but the first can wrap a data key that is
    /// given to them, which an all-of cannot.
    pub fn new(keks: Vec<Box<dyn Kek>>) -> Result<Self, Error> {
        if keks.len() < 2 {
            return Err(Error::argument("anyOf", "needs two KEKs or more"));
        }
        if !keks.iter().skip(1).all(|kek| kek.wraps_given_keys()) {
            let problem = "allOf() makes its data key itself, so there can be one only, and it must come first";
            return Err(Error::argument("anyOf", problem));
        }
        Ok(Self(keks))
    }

    /// The other KEKs' entries of `key` after those that `first` leads to.
    fn wrap_others(
        &self,
        first: Wrapping,
        key: &DataKey,
        context: &EncryptionContext,
        entropy: &mut dyn Entropy,
        now: Timestamp,
    ) -> Result<Wrapping, Error> {
        let mut wrappings = vec![first];
        for kek in &self.0[1..] {
            wrappings.push(kek.wrap(key, context, entropy, now)?);
        }
        all(wrappings, now)?.then(now, |edks, _| Ok(Step::Done(edks?.into_iter().flatten().collect())))
    }
}

impl Kek for AnyOf {
    /// The first KEK makes the data key. Errors: those of any KEK.
    fn generate(
        &self,
        context: &EncryptionContext,
        entropy: &mut dyn Entropy,
        now: Timestamp,
    ) -> Result<(DataKey, Wrapping), Error> {
        let (key, first) = self.0[0].generate(context, entropy, now)?;
        let wrapping = self.wrap_others(first, &key, context, entropy, now)?;
        Ok((key, wrapping))
    }

    /// Errors: those of any KEK.
    fn wrap(
        &self,
        key: &DataKey,
        context: &EncryptionContext,
        entropy: &mut dyn Entropy,
        now: Timestamp,
    ) -> Result<Wrapping, Error> {
        let first = self.0[0].wrap(key, context, entropy, now)?;
        self.wrap_others(first, key, context, entropy, now)
    }

    /// The first KEK that unwraps wins. Errors: the most useful of all failures.
    fn unwrap(
        &self,
        edk: &Edk,
        context: &EncryptionContext,
        entropy: &mut dyn Entropy,
        now: Timestamp,
    ) -> Result<Option<Unwrapping>, Error> {
        let mut attempts = Attempts::default();
        for kek in &self.0 {
            attempts.add(kek.unwrap(edk, context, entropy, now));
        }
        attempts.start(now)
    }

    fn identity(&self) -> [u8; 32] {
        let identities: Vec<_> = self.0.iter().map(|kek| kek.identity()).collect();
        sha256_of(&[b"any-of", identities.as_flattened()])
    }

    fn entries(&self) -> usize {
        self.0.iter().map(|kek| kek.entries()).sum()
    }

    fn wraps_given_keys(&self) -> bool {
        self.0[0].wraps_given_keys()
    }
}
