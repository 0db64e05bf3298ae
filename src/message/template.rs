//! A header written once for many messages under one data key, and whole messages sealed behind it.
//!
//! *Invariant:* every message gets a message id of its own, drawn here, and with it keys of its own.

use alloc::vec::Vec;

use super::derivation::{COMMIT_KEY_LENGTH, derive};
use super::edk;
use super::engine::{MessageKey, SoftEngine};
use super::frame::{Frame, FrameLength, Frames, Layout};
use super::header::FRAMED;
use super::seal::put_front;
use super::suite::{MESSAGE_ID_LENGTH, MessageId, WRITTEN};
use crate::codec::put_field;
use crate::context::EncryptionContext;
use crate::crypto::gcm::TAG_LENGTH;
use crate::entropy::{Entropy, random};
use crate::error::Error;
use crate::keys::{DataKey, Edk};

/// Behind version and suite.
const MESSAGE_ID_AT: usize = 3;

/// All of a header but message id, commit key and tag, which differ from message to message.
#[derive(Debug)]
pub struct Template {
    /// A whole header with zeros where the three go.
    header: Vec<u8>,
    frame_length: FrameLength,
}

impl Template {
    /// Of messages with this context, wrapped data key and frame length.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if `edks` is empty or an entry is too long for the format.
    pub fn new(context: &EncryptionContext, edks: &[Edk], frame_length: FrameLength) -> Result<Self, Error> {
        if edks.is_empty() {
            return Err(Error::argument("kek", "no key to seal under"));
        }
        let mut header = vec![WRITTEN.version()];
        header.extend_from_slice(&WRITTEN.id().to_be_bytes());
        header.extend_from_slice(&[0; MESSAGE_ID_LENGTH]);
        put_field(&mut header, &context.serialize()?, "context")?;
        edk::encode(edks, &mut header)?;
        header.push(FRAMED);
        header.extend_from_slice(&frame_length.get().to_be_bytes());
        header.extend_from_slice(&[0; COMMIT_KEY_LENGTH + TAG_LENGTH]);
        Ok(Self { header, frame_length })
    }

    /// Appends the header of message `message_id` to `out`.
    pub(super) fn write(
        &self,
        data_key: &DataKey,
        message_id: &MessageId,
        out: &mut Vec<u8>,
    ) -> Result<(MessageKey, SoftEngine), Error> {
        let keys = derive(WRITTEN, data_key, message_id)?;
        let engine = SoftEngine::new(&keys.message_key)?;
        let start = out.len();
        out.extend_from_slice(&self.header);
        let header = &mut out[start..];
        header[MESSAGE_ID_AT..][..MESSAGE_ID_LENGTH].copy_from_slice(message_id.as_bytes());
        let (body, tag) = header.split_at_mut(self.header.len() - TAG_LENGTH);
        let commit_key_at = body.len() - COMMIT_KEY_LENGTH;
        body[commit_key_at..].copy_from_slice(&keys.commit_key.ok_or(Error::Internal("a suite without commit key"))?);
        tag.copy_from_slice(&engine.header_tag(body)?);
        Ok((keys.message_key, engine))
    }

    /// A whole message of `plaintext` under `data_key`, which must be the one that is wrapped in here.
    ///
    /// # Errors
    /// [`Error::Internal`] without randomness; [`Error::MessageTooLong`] beyond 2^32-1 frames.
    pub fn seal(&self, data_key: &DataKey, plaintext: &[u8], entropy: &mut dyn Entropy) -> Result<Vec<u8>, Error> {
        let layout = Layout::of_plaintext(plaintext.len() as u64, self.frame_length)?;
        let message_id = MessageId::Long(random(entropy)?);
        let length = usize::try_from(layout.body_length).map_err(|_| Error::MessageTooLong)?;
        let mut out = Vec::with_capacity(self.header.len() + length);
        let (_, engine) = self.write(data_key, &message_id, &mut out)?;
        let mut frames = Frames::new();
        let mut rest = plaintext;
        while rest.len() > self.frame_length.as_usize() {
            let (content, more) = rest.split_at(self.frame_length.as_usize());
            seal_frame(&engine, &frames.take()?, &message_id, content, &mut out)?;
            rest = more;
        }
        seal_frame(&engine, &frames.last(), &message_id, rest, &mut out)?;
        Ok(out)
    }
}

/// Appends a frame, sealed where it comes to stand.
fn seal_frame(
    engine: &SoftEngine,
    frame: &Frame,
    message_id: &MessageId,
    content: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    let length = u32::try_from(content.len()).map_err(|_| Error::Internal("frame longer than its length"))?;
    let job = frame.to_seal(message_id, length);
    put_front(frame, &job, length, out);
    let start = out.len();
    out.extend_from_slice(content);
    let tag = engine.seal_in_place(&job, &mut out[start..])?;
    out.extend_from_slice(&tag);
    Ok(())
}
