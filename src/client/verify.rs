//! A canary: a data key that protects nothing is wrapped and unwrapped, to find out what is wrong before data does.
//!
//! *Invariant:* the canary's key is dropped with it and never seals anything.

use alloc::string::String;
use alloc::vec::Vec;

use subtle::ConstantTimeEq;

use crate::context::EncryptionContext;
use crate::entropy::Entropy;
use crate::error::Error;
use crate::kek::all;
use crate::keys::{DataKey, Edk};
use crate::operation::{Pending, Step};
use crate::time::Timestamp;

use super::Client;

/// A data key that was wrapped to be unwrapped again.
#[derive(Debug)]
pub struct Canary {
    key: DataKey,
    edks: Vec<Edk>,
}

/// One KEK that wrapped and unwrapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Its kind, as entries name it.
    pub provider_id: String,
    /// The version that wraps now, where the key service says.
    pub version: Option<String>,
}

impl Client {
    /// The first half of a check that every KEK can be used: wraps a new data key.
    ///
    /// # Errors
    /// [`Error::Disposed`], and those of sealing: they say what is wrong with endpoint, token, right or key.
    pub fn wrap_canary(&self, entropy: &mut dyn Entropy, now: Timestamp) -> Result<Step<Pending<Canary>>, Error> {
        let (key, wrapping) = self.keys()?.kek().generate(&EncryptionContext::default(), entropy, now)?;
        wrapping.then(now, |edks, _| Ok(Step::Done(Canary { key, edks: edks? })))
    }

    /// The second half: unwraps every copy, not only the first that works. The output has one item for each, in the
    /// order of the entries in a message.
    ///
    /// # Errors
    /// [`Error::Disposed`], those of opening; [`Error::UnwrapFailed`] if another key comes out than went in.
    pub fn unwrap_canary(
        &self,
        canary: Canary,
        entropy: &mut dyn Entropy,
        now: Timestamp,
    ) -> Result<Step<Pending<Vec<Verified>>>, Error> {
        let Canary { key, edks } = canary;
        let keys = self.keys()?;
        let mut unwrappings = Vec::new();
        for edk in &edks {
            let unwrapping = keys.kek().unwrap(edk, &EncryptionContext::default(), entropy, now)?;
            unwrappings.push(unwrapping.ok_or(Error::Internal("a KEK does not know its own entry"))?);
        }
        all(unwrappings, now)?.then(now, move |unwrapped, _| {
            let mut verified = Vec::new();
            for (unwrapped, edk) in unwrapped?.into_iter().zip(edks) {
                // Compared, and nothing else.
                let same = unwrapped.key.secret().expose().ct_eq(key.secret().expose());
                if !bool::from(same) {
                    return Err(Error::UnwrapFailed);
                }
                verified.push(Verified { provider_id: edk.provider_id, version: unwrapped.version });
            }
            Ok(Step::Done(verified))
        })
    }
}
