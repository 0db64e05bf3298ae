//! A data key in the caller's hands: seals and opens whole messages without asking anybody.
//!
//! *Invariant:* it opens nothing but messages that name it, and what it seals any client with the KEK opens.

use alloc::rc::Rc;
use alloc::vec::Vec;

use crate::context::EncryptionContext;
use crate::entropy::Entropy;
use crate::error::Error;
use crate::keys::{DataKey, Edk};
use crate::message::{Accept, FrameLength, Header, Limits, Template, open_whole};

/// One data key with its wrapped copies and context. Wiped on drop.
pub struct HeldKey {
    key: Rc<DataKey>,
    edks: Rc<[Edk]>,
    template: Template,
    limits: Limits,
}

impl HeldKey {
    pub(super) fn new(
        key: Rc<DataKey>,
        edks: Rc<[Edk]>,
        context: &EncryptionContext,
        frame_length: FrameLength,
        limits: Limits,
    ) -> Result<Self, Error> {
        let template = Template::new(context, &edks, frame_length)?;
        // What it seals needs nothing that only old data may have.
        Ok(Self { key, edks, template, limits: Limits { accept: Accept::NOTHING, ..limits } })
    }

    /// A whole message: with a message id of its own, so that the keys it is sealed with are its own, too.
    ///
    /// # Errors
    /// [`Error::Internal`] without randomness, [`Error::MessageTooLong`] beyond what the format has numbers for.
    pub fn seal(&self, plaintext: &[u8], entropy: &mut dyn Entropy) -> Result<Vec<u8>, Error> {
        self.template.seal(&self.key, plaintext, entropy)
    }

    /// Opens a message of this data key.
    ///
    /// # Errors
    /// [`Error::OtherDataKey`] if the message has other wrapped copies; those of [`Header::parse`], of
    /// [`Header::unlock`] and of [`Opener`](crate::message::Opener).
    pub fn open(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let header = Header::parse_whole(message, &self.limits)?;
        if *header.edks() != *self.edks {
            return Err(Error::OtherDataKey);
        }
        open_whole(message, header, &self.key)
    }
}
