//! What can be checked of an answer without asking again.
//!
//! A wrap is not opened again to see whether it can be: that would double what every wrap costs. A key is tried out when it is
//! made and again with every version that is new here; each call is checked here.
//! *Invariant:* an error says what is wrong and nothing of the answer.

use base64ct::{Base64, Encoding};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::{
    crypto::{gcm::TAG_BYTES, wrapped::MAX_CHARS},
    keys::material::Secret,
};

const MAX_DEK_BYTES: usize = 3072;
/// A shorter data key is found by chance where it is not.
const FINDABLE_BYTES: usize = 16;

/// The form that the upstream is known to give its ciphertexts; another one is as good and tells less.
#[derive(Deserialize)]
struct Shape {
    ciphertext: String,
    version: String,
}

/// That this can be the data key, encrypted: legible to this server's callers, long enough for a key and a tag, and not the
/// data key itself.
pub(super) fn ciphertext(text: &str, dek: &Secret) -> Result<(), &'static str> {
    let Some(bytes) = decoded(text) else { return Err("a ciphertext that is empty, too long or not base64") };
    let inner = inner(&bytes);
    // Searched for, and looked at for its length.
    let dek = dek.expose();
    let shows = |bytes: &[u8]| dek.len() >= FINDABLE_BYTES && bytes.windows(dek.len()).any(|part| part == dek);
    let base64 = Zeroizing::new(Base64::encode_string(dek));
    let spells = dek.len() >= FINDABLE_BYTES && bytes.windows(base64.len()).any(|part| part == base64.as_bytes());
    if spells || shows(&bytes) || inner.as_deref().is_some_and(shows) {
        return Err("a ciphertext with the data key in it");
    }
    match inner.map(|inner| inner.len()) {
        Some(inner) if inner != dek.len() + TAG_BYTES => Err("a ciphertext of another data key's length"),
        None if bytes.len() < dek.len() + TAG_BYTES => Err("a ciphertext that is too short for the data key"),
        _ => Ok(()),
    }
}

/// That this can be a ciphertext of a data key that nobody here has seen.
pub(super) fn moved(fresh: &str, old: &str) -> Result<(), &'static str> {
    let (Some(fresh), Some(old)) = (decoded(fresh), decoded(old)) else {
        return Err("a ciphertext that is empty, too long or not base64");
    };
    if fresh == old {
        return Err("the old ciphertext as the new one");
    }
    match (inner(&fresh), inner(&old)) {
        (Some(fresh), Some(old)) if fresh.len() != old.len() => Err("a new ciphertext of another data key's length"),
        _ => Ok(()),
    }
}

/// The data key in an answer, of the length that the ciphertext says it has.
pub(super) fn plaintext(text: &str, ciphertext: &str) -> Result<Secret, &'static str> {
    let dek = Base64::decode_vec(text).map(Secret::new).map_err(|_| "a data key that is not base64")?;
    // Only its length is looked at.
    let bytes = dek.expose().len();
    if !(1..=MAX_DEK_BYTES).contains(&bytes) {
        return Err("a data key without bytes, or with more than there can be");
    }
    match decoded(ciphertext).and_then(|bytes| inner(&bytes)) {
        Some(inner) if inner.len() != bytes + TAG_BYTES => Err("a data key of another length than the one wrapped"),
        _ => Ok(dek),
    }
}

/// What callers may send back to have it unwrapped.
fn decoded(text: &str) -> Option<Vec<u8>> {
    (1..=MAX_CHARS).contains(&text.len()).then(|| Base64::decode_vec(text).ok()).flatten()
}

fn inner(bytes: &[u8]) -> Option<Vec<u8>> {
    let shape: Shape = serde_json::from_slice(bytes).ok()?;
    (shape.version == "4.0.0").then(|| Base64::decode_vec(&shape.ciphertext).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shaped(inner: &[u8]) -> String {
        let json = format!(r#"{{"ciphertext":"{}","version":"4.0.0"}}"#, Base64::encode_string(inner));
        Base64::encode_string(json.as_bytes())
    }

    #[test]
    fn a_ciphertext_must_be_able_to_hold_the_data_key() {
        let dek = Secret::new((0..32).collect());
        let opaque = |bytes: &[u8]| Base64::encode_string(bytes);
        assert_eq!(ciphertext(&shaped(&[7; 48]), &dek), Ok(()));
        assert_eq!(ciphertext(&opaque(&[7; 48]), &dek), Ok(()), "another form is as good");
        let wrong = [
            String::new(),
            "not base64!".to_owned(),
            opaque(&[7; 47]),
            shaped(&[7; 47]),
            shaped(&[7; 49]),
            "A".repeat(8196),
            opaque(&[[9; 40].as_slice(), dek.expose(), &[9; 40]].concat()),
            shaped(&[dek.expose(), [0; 16].as_slice()].concat()),
        ];
        for text in wrong {
            assert!(ciphertext(&text, &dek).is_err(), "{text}");
        }
    }

    #[test]
    fn a_data_key_has_the_length_that_its_ciphertext_says() {
        let sent = shaped(&[7; 48]);
        assert!(plaintext(&Base64::encode_string(&[1; 32]), &sent).is_ok());
        assert!(plaintext(&Base64::encode_string(&[1; 31]), &Base64::encode_string(&[7; 48])).is_ok(), "not told");
        for wrong in [Base64::encode_string(&[1; 31]), String::new(), "?".to_owned(), Base64::encode_string(&[1; 3073])]
        {
            assert!(plaintext(&wrong, &sent).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_moved_data_key_keeps_its_length_and_changes_its_ciphertext() {
        let old = shaped(&[7; 48]);
        assert_eq!(moved(&shaped(&[8; 48]), &old), Ok(()));
        for wrong in [old.clone(), shaped(&[8; 47]), String::new()] {
            assert!(moved(&wrong, &old).is_err(), "{wrong}");
        }
    }
}
