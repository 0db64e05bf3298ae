//! Backups are encrypted with age, for somebody's public key or with a passphrase.
//!
//! With a recipient the identity that opens a backup never is on the machine that makes it.
//! *Invariant:* what leaves this module for a file is ciphertext; a passphrase comes from a file of its owner alone.

use std::{
    fs::{self, File},
    io::{BufReader, Read, Write},
    os::unix::fs::MetadataExt,
    path::Path,
    str::FromStr,
};

use age::{
    Decryptor, Encryptor, IdentityFile, scrypt,
    secrecy::{ExposeSecret, SecretString},
    stream::{StreamReader, StreamWriter},
    x25519,
};
use zeroize::Zeroizing;

use super::failure::MaintenanceError;

/// A shorter passphrase is guessed.
const MIN_PASSPHRASE_CHARS: usize = 12;

/// Who can open a backup.
pub enum Lock {
    /// Whoever has the identity of one of these.
    Recipients(Vec<x25519::Recipient>),
    /// Whoever knows this.
    Passphrase(SecretString),
}

impl Lock {
    /// From options of the command line, of which one kind must be given.
    ///
    /// # Errors
    /// What was given is not a recipient, the passphrase file is not usable, or nothing or both were given.
    pub fn choose(recipients: &[String], passphrase_file: Option<&Path>) -> Result<Self, MaintenanceError> {
        let parse = |text: &String| {
            x25519::Recipient::from_str(text).map_err(|_| MaintenanceError::Recipient(text.chars().take(80).collect()))
        };
        match (recipients, passphrase_file) {
            ([], Some(file)) => Ok(Self::Passphrase(passphrase(file)?)),
            ([_, ..], None) => Ok(Self::Recipients(recipients.iter().map(parse).collect::<Result<_, _>>()?)),
            _ => Err(MaintenanceError::NoLock),
        }
    }

    /// Begins an encrypted stream; it is whole only once it was finished.
    pub(super) fn around<W: Write>(&self, output: W) -> std::io::Result<StreamWriter<W>> {
        let encryptor = match self {
            Self::Recipients(recipients) => {
                Encryptor::with_recipients(recipients.iter().map(|one| one as &dyn age::Recipient))
            }
            Self::Passphrase(phrase) => return Encryptor::with_user_passphrase(phrase.clone()).wrap_output(output),
        };
        encryptor.map_err(std::io::Error::other)?.wrap_output(output)
    }
}

/// What opens a backup.
pub enum Opener {
    /// Identities of age.
    Identities(Vec<Box<dyn age::Identity + Send + Sync>>),
    /// The passphrase.
    Passphrase(SecretString),
}

impl Opener {
    /// From options of the command line, of which one must be given.
    ///
    /// # Errors
    /// The file is missing or holds no identity or usable passphrase, or nothing or both were given.
    pub fn choose(identity: Option<&Path>, passphrase_file: Option<&Path>) -> Result<Self, MaintenanceError> {
        match (identity, passphrase_file) {
            (Some(file), None) => {
                let none = || MaintenanceError::Identity(file.to_owned());
                let text = BufReader::new(File::open(file).map_err(MaintenanceError::io(file))?);
                let identities = IdentityFile::from_buffer(text).map_err(|_| none())?.into_identities();
                let identities = identities.map_err(|_| none())?;
                if identities.is_empty() { Err(none()) } else { Ok(Self::Identities(identities)) }
            }
            (None, Some(file)) => Ok(Self::Passphrase(passphrase(file)?)),
            _ => Err(MaintenanceError::NoOpener),
        }
    }

    /// What was encrypted. A stream that was altered or cut off ends in an error and never early.
    pub(super) fn open<R: Read>(&self, input: R) -> Result<StreamReader<R>, MaintenanceError> {
        let locked = |error: age::DecryptError| MaintenanceError::Locked(error.to_string());
        let decryptor = Decryptor::new(input).map_err(locked)?;
        match self {
            Self::Identities(identities) => {
                decryptor.decrypt(identities.iter().map(|one| &**one as &dyn age::Identity)).map_err(locked)
            }
            Self::Passphrase(phrase) => {
                let identity = scrypt::Identity::new(phrase.clone());
                decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity)).map_err(locked)
            }
        }
    }
}

fn passphrase(file: &Path) -> Result<SecretString, MaintenanceError> {
    let unusable = |why| MaintenanceError::Passphrase { path: file.to_owned(), why };
    let mode = fs::metadata(file).map_err(MaintenanceError::io(file))?.mode();
    if mode & 0o077 != 0 {
        return Err(unusable("may be read by others: chmod 600 it"));
    }
    let text = Zeroizing::new(fs::read_to_string(file).map_err(MaintenanceError::io(file))?);
    let phrase = SecretString::from(text.trim_end_matches(['\r', '\n']).to_owned());
    // Exposed to be measured.
    if phrase.expose_secret().chars().count() < MIN_PASSPHRASE_CHARS {
        return Err(unusable("holds fewer than 12 characters: choose a longer passphrase"));
    }
    Ok(phrase)
}
