//! Root keys as objects of the token.
//!
//! *Invariant:* what is made here is a token object that is sensitive, not extractable, and good for encryption and decryption
//! only; the token is asked whether it is, and what is not goes at once.

use cryptoki::{
    mechanism::Mechanism,
    object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle},
    session::Session,
};

use super::{
    connection::{Connection, Id, encrypt, find},
    fault::{Fault, is_stale},
};
use crate::{
    crypto::{
        custody::{GENERATED_BYTES, Origin},
        gcm::{self, NONCE_BYTES},
    },
    keys::material::Secret,
};

/// Names of an object.
#[derive(Clone)]
pub(super) struct Name {
    /// By which it is found.
    pub(super) id: Id,
    /// For people.
    pub(super) label: String,
}

impl Name {
    fn template(&self) -> Vec<Attribute> {
        let mut template = secret_key(true);
        template.extend([Attribute::Id(self.id.to_vec()), Attribute::Label(self.label.clone().into_bytes())]);
        template
    }
}

/// An AES key that works inside and never leaves.
pub(super) fn secret_key(stays: bool) -> Vec<Attribute> {
    vec![
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::AES),
        Attribute::Token(stays),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Encrypt(true),
        Attribute::Decrypt(true),
        Attribute::Wrap(false),
        Attribute::Unwrap(false),
        Attribute::Sign(false),
        Attribute::Verify(false),
        Attribute::Derive(false),
    ]
}

impl Connection {
    /// Makes the key, or makes it again if it is there: an answer may have been lost on its way.
    pub(super) fn make(&mut self, name: &Name, origin: &Origin) -> Result<(), Fault> {
        self.destroy(&name.id)?;
        let key = match origin {
            Origin::Generated => generate(&self.session, name)?,
            Origin::Given(material) => self.import(name.template(), material)?,
        };
        if let Err(fault) = self.verify(key, origin) {
            self.session.destroy_object(key)?;
            return Err(fault);
        }
        Ok(())
    }

    /// Destroys the key; nothing happens if there is none.
    pub(super) fn destroy(&mut self, id: &Id) -> Result<(), Fault> {
        self.forget(id);
        while let Some(key) = find(&self.session, id)? {
            match self.session.destroy_object(key) {
                Err(error) if is_stale(&error) => return Ok(()),
                other => other?,
            }
        }
        Ok(())
    }

    /// Whether this is the material of the key: what the token encrypts has to open with it here.
    pub(super) fn is_made_of(&mut self, id: &Id, material: &Secret) -> Result<bool, Fault> {
        Ok(opens(material, &self.encrypt(id, NONCE, AAD, TEXT)?))
    }

    fn verify(&self, key: ObjectHandle, origin: &Origin) -> Result<(), Fault> {
        let wanted = [AttributeType::Token, AttributeType::Sensitive, AttributeType::Extractable];
        let told = self.session.get_attributes(key, &wanted)?;
        for must in [Attribute::Token(true), Attribute::Sensitive(true), Attribute::Extractable(false)] {
            if !told.contains(&must) {
                return Err(Fault::Lied(format!("it made a key, but not as told: {told:?}")));
            }
        }
        let Origin::Given(material) = origin else { return Ok(()) };
        if opens(material, &encrypt(&self.session, key, NONCE, AAD, TEXT)?) {
            return Ok(());
        }
        Err(Fault::Lied("it took a key up, but another than the one given".to_owned()))
    }
}

/// Makes a key of the token's own.
pub(super) fn generate(session: &Session, name: &Name) -> Result<ObjectHandle, Fault> {
    let mut template = name.template();
    template.push(Attribute::ValueLen((GENERATED_BYTES as u64).into()));
    Ok(session.generate_key(&Mechanism::AesKeyGen, &template)?)
}

// Always the same text under this nonce, so that its repetition tells nothing.
const NONCE: [u8; NONCE_BYTES] = *b"is this it? ";
const AAD: &[u8] = b"envelock";
const TEXT: &[u8] = b"the key that was given";

fn opens(material: &Secret, ciphertext: &[u8]) -> bool {
    // Exposed to the cipher only.
    gcm::decrypt(material.expose(), &NONCE, AAD, ciphertext).is_some_and(|text| text == TEXT)
}
