//! Known questions to the token, before it is given anything.
//!
//! The canary is a key of the token's own that tells it from another token with the same label, from an empty one, and from one
//! that does not work.
//! *Invariant:* no key is made in a token that gave a wrong answer.

use cryptoki::{
    error::{Error as ModuleError, RvError},
    session::Session,
};

use super::{
    connection::{Connection, Id, Sealed, decrypt, encrypt, find},
    fault::{Fault, is_bad_data, told},
    objects::{Name, generate, secret_key},
    start::Pkcs11Error,
    transport::{Oaep, Transport},
};
use crate::{
    crypto::gcm::{self, NONCE_BYTES},
    keys::material::Secret,
};

pub(super) const CANARY: &Id = b"envelock-keyserver canary v1\0\0\0\0";
const CANARY_LABEL: &str = "envelock-keyserver canary";
// Always the same text under this nonce, so that its repetition tells nothing.
const NONCE: [u8; NONCE_BYTES] = *b"envelockprob";
const AAD: &[u8] = b"these";
const OTHER_AAD: &[u8] = b"those";
const TEXT: &[u8] = b"a text that is no secret at all!";

/// What a token was seen to do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Abilities {
    /// How it says that a ciphertext is not the key's, if not as the standard has it.
    pub(super) bad_data: Option<RvError>,
    /// How it takes keys from outside, if it does.
    pub(super) import: Option<Oaep>,
}

/// Whether the canary was there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Canary {
    Found,
    Made,
}

impl Connection {
    /// For the start: finds or makes the canary, and asks the token what is known.
    pub(super) fn first(session: Session) -> Result<(Self, Canary), Pkcs11Error> {
        let failed = |fault: Fault| match fault {
            Fault::Lied(why) => Pkcs11Error::WrongAnswer(why),
            Fault::Lost(why) | Fault::Refused(why) => Pkcs11Error::Failed(why),
        };
        let (canary, state) = match find(&session, CANARY).map_err(|error| failed(error.into()))? {
            Some(canary) => (canary, Canary::Found),
            None => {
                let name = Name { id: *CANARY, label: CANARY_LABEL.to_owned() };
                (generate(&session, &name).map_err(failed)?, Canary::Made)
            }
        };
        let mut connection = Self::new(session, canary, Abilities { bad_data: None, import: None });
        connection.abilities.bad_data = connection.wrong_aad().map_err(failed)?;
        connection.canary_sings().map_err(failed)?;
        connection.abilities.import = connection.known_answer().map_err(failed)?;
        Ok((connection, state))
    }

    /// Leaves a token as it was found.
    pub(super) fn remove_canary(&self) -> Result<(), Pkcs11Error> {
        self.session.destroy_object(self.canary).map_err(|error| Pkcs11Error::Failed(told(&error)))
    }

    /// For a later session: only with the same token again.
    pub(super) fn again(session: Session, abilities: Abilities) -> Result<Self, Fault> {
        let canary = find(&session, CANARY)?;
        let canary = canary.ok_or_else(|| Fault::Lost("the token has lost its keys, or is another one".to_owned()))?;
        let connection = Self::new(session, canary, abilities);
        connection.canary_sings()?;
        Ok(connection)
    }

    /// The canary encrypts and decrypts.
    pub(super) fn canary_sings(&self) -> Result<(), Fault> {
        let lost = |error: ModuleError| Fault::Lost(told(&error));
        let ciphertext = encrypt(&self.session, self.canary, NONCE, AAD, TEXT).map_err(lost)?;
        let sealed = Sealed { nonce: NONCE, aad: AAD, ciphertext: &ciphertext };
        if decrypt(&self.session, self.canary, sealed).map_err(lost)? == TEXT {
            return Ok(());
        }
        Err(Fault::Lied("what it encrypted it decrypts to something else".to_owned()))
    }

    /// How the token refuses other AAD; `None` if as the standard has it.
    fn wrong_aad(&self) -> Result<Option<RvError>, Fault> {
        let ciphertext = encrypt(&self.session, self.canary, NONCE, AAD, TEXT)?;
        let sealed = Sealed { nonce: NONCE, aad: OTHER_AAD, ciphertext: &ciphertext };
        match decrypt(&self.session, self.canary, sealed) {
            Ok(_) => Err(Fault::Lied("it decrypts with other additional data than were encrypted".to_owned())),
            Err(error) if is_bad_data(&error) => Ok(None),
            Err(ModuleError::Pkcs11(value, _)) => Ok(Some(value)),
            Err(error) => Err(error.into()),
        }
    }

    /// A key that is known here and there has to encrypt alike; with it, the first way to take keys that works.
    fn known_answer(&mut self) -> Result<Option<Oaep>, Fault> {
        // Without it keys can be generated all the same.
        let Ok(transport) = Transport::new(&self.session) else { return Ok(None) };
        let material = Secret::new((0..32).collect());
        for oaep in Oaep::ALL {
            let Ok(key) = transport.import(&self.session, oaep, &secret_key(false), &material) else { continue };
            let answer = encrypt(&self.session, key, NONCE, AAD, TEXT)?;
            // Exposed to the cipher only; it is no secret either.
            let known = gcm::encrypt(material.expose(), &NONCE, AAD, TEXT);
            self.session.destroy_object(key)?;
            if known.as_deref() != Some(&answer[..]) {
                return Err(Fault::Lied("it encrypts with AES-GCM to something else than others".to_owned()));
            }
            self.transport = Some(transport);
            return Ok(Some(oaep));
        }
        Ok(None)
    }
}
