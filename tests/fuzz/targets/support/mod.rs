//! A fixed message under a fixed key, and what a fuzzer's bytes do to it.

use envelock::context::EncryptionContext;
use envelock::entropy::Entropy;
use envelock::error::Error;
use envelock::keys::{DataKey, Edk};
use envelock::message::{Draft, FrameLength, Sealer};

/// Randomness that is the same byte for ever.
pub struct Fixed(pub u8);

impl Entropy for Fixed {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        bytes.fill(self.0);
        Ok(())
    }
}

pub fn data_key() -> DataKey {
    DataKey::generate(&mut Fixed(7)).expect("data key")
}

pub fn plaintext(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31) as u8).collect()
}

/// A message of `length` bytes in frames of `frame_length`.
pub fn message(frame_length: u32, length: usize) -> Vec<u8> {
    let context = EncryptionContext::new([("a".to_owned(), "b".to_owned())]).expect("context");
    let frame_length = FrameLength::new(frame_length).expect("frame length");
    let draft = Draft::new(context, frame_length, &mut Fixed(9)).expect("draft");
    let edk = Edk { provider_id: "test".into(), provider_info: b"k".to_vec(), ciphertext: b"c".to_vec() };
    let sealed = draft.seal(&data_key(), &[edk]).expect("sealed");
    let mut message = sealed.header().to_vec();
    let sealer = Sealer::new(sealed).expect("sealer").push(&plaintext(length), &mut message).expect("pushed");
    sealer.finish(&mut message).expect("finished");
    message
}

/// A valid message, changed as `recipe` says: shape, then edits of three bytes each (kind, place, value). Gives the length of
/// its plaintext, too, and whether anything was changed.
pub fn changed(recipe: &[u8]) -> Option<(Vec<u8>, usize, bool)> {
    let (&[frame_length, length], edits) = recipe.split_first_chunk::<2>()?;
    let original = message(u32::from(frame_length % 40) + 1, length.into());
    let mut bytes = original.clone();
    for edit in edits.chunks_exact(3) {
        let at = usize::from(edit[1]) * bytes.len() / 256;
        match edit[0] % 5 {
            0 => bytes[at..].iter_mut().take(1).for_each(|byte| *byte ^= edit[2]),
            1 => bytes.truncate(at),
            2 => bytes.insert(at, edit[2]),
            3 => drop(bytes.drain(at..(at + usize::from(edit[2])).min(bytes.len()))),
            _ => bytes.extend_from_within(at..(at + usize::from(edit[2])).min(original.len()).min(bytes.len()).max(at)),
        }
        if bytes.is_empty() {
            break;
        }
    }
    let is_changed = bytes != original;
    Some((bytes, length.into(), is_changed))
}
