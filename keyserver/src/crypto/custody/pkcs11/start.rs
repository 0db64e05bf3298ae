//! How the token is reached, and why that fails when the server starts.
//!
//! *Invariant:* no text has the PIN in it.

use std::{
    fs::File,
    path::{MAIN_SEPARATOR, PathBuf},
};

use cryptoki::types::AuthPin;

use crate::crypto::private_file::{self, FileFault};

/// How the token is reached.
#[derive(Debug, Clone)]
pub struct Pkcs11Settings {
    /// The library that its manufacturer gives.
    pub module: PathBuf,
    /// Label of the token.
    pub token_label: String,
    /// File with the user's PIN, readable by its owner alone.
    pub pin_file: PathBuf,
    /// Sessions that work at the same time, at least one.
    pub sessions: usize,
}

impl Pkcs11Settings {
    /// Looks whether the files that are named can be read, and touches no token: a wrong PIN would count there.
    pub(crate) fn check(&self) -> Result<(), Pkcs11Error> {
        self.pin()?;
        // A bare name is looked for where the system keeps its libraries.
        if self.module.to_string_lossy().contains(MAIN_SEPARATOR) {
            let failed =
                |error: std::io::Error| Pkcs11Error::Module { path: self.module.clone(), why: error.to_string() };
            File::open(&self.module).map_err(failed)?;
        }
        Ok(())
    }

    /// The PIN in the file.
    pub(super) fn pin(&self) -> Result<AuthPin, Pkcs11Error> {
        let failed = |fault| Pkcs11Error::pin_file(self.pin_file.clone(), fault);
        let pin = private_file::read(&self.pin_file).map_err(|fault| failed(Some(fault)))?;
        let pin = pin.ok_or_else(|| failed(None))?;
        // A line end is not part of it; the module's own type wipes it.
        Ok(AuthPin::from(pin.trim_end_matches(['\r', '\n'])))
    }
}

/// Why the token cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Pkcs11Error {
    /// No such library, or not one of PKCS#11.
    #[error("the PKCS#11 module {path} cannot be loaded: {why}; give the library of the token with --pkcs11-module")]
    Module {
        /// The library.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// No token with this label.
    #[error("no token with the label `{label}` is present; these are: {present}. Choose one with --pkcs11-token-label")]
    NoToken {
        /// The label asked for.
        label: String,
        /// The labels that are there.
        present: String,
    },
    /// Several tokens with this label.
    #[error("several tokens with the label `{0}` are present: give them different labels")]
    SeveralTokens(String),
    /// The PIN's file.
    #[error("the file of the token's PIN {path} {why}")]
    PinFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        why: String,
    },
    /// Not the PIN of the token.
    #[error(
        "the token does not accept the PIN in {0}. It is not tried again by itself, as tokens lock after a few wrong ones: \
         put the right one there"
    )]
    WrongPin(PathBuf),
    /// Too many wrong PINs, or none was ever set.
    #[error("the token does not let its user log in ({0}): its security officer has to set a PIN")]
    PinLocked(String),
    /// It lacks something that cannot be done without.
    #[error("the token cannot do {0}, which custody in a token needs: use one that can")]
    NoMechanism(&'static str),
    /// It does something else than the standard says.
    #[error("the token gives a wrong answer to a known question ({0}): keys cannot be trusted to it")]
    WrongAnswer(String),
    /// Keys of this installation are in a token, and not in this one.
    #[error("the token `{0}` was never used by this installation, which has keys in one: give the right token")]
    OtherToken(String),
    /// Anything else.
    #[error("the token cannot be used: {0}")]
    Failed(String),
}

impl Pkcs11Error {
    fn pin_file(path: PathBuf, fault: Option<FileFault>) -> Self {
        let why = fault.map_or_else(|| "is missing".to_owned(), |fault| fault.to_string());
        Self::PinFile { path, why }
    }
}
