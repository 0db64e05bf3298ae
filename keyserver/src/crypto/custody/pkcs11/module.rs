//! The module and the way to its token.
//!
//! A token that went away is often seen again only after the module was closed and opened anew, which ends the sessions of all
//! threads. So every use of a session holds the module open for reading, and opening it anew waits until no thread is inside.
//! *Invariant:* a PIN that was refused is not tried again: tokens lock after a few wrong ones.

use std::sync::{
    RwLock, RwLockReadGuard,
    atomic::{AtomicBool, Ordering},
};

use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::{Error as ModuleError, RvError},
    mechanism::MechanismType,
    session::{Session, UserType},
    slot::Slot,
    types::AuthPin,
};

use super::{
    fault::{Fault, told},
    start::{Pkcs11Error, Pkcs11Settings},
};

/// What the token has to be able to do.
const NEEDED: [(MechanismType, &str); 2] =
    [(MechanismType::AES_KEY_GEN, "CKM_AES_KEY_GEN"), (MechanismType::AES_GCM, "CKM_AES_GCM")];

/// A module that is loaded.
pub(super) struct Module {
    context: Pkcs11,
    /// How often it was opened anew.
    openings: RwLock<u64>,
    token_label: String,
    pin: AuthPin,
    pin_refused: AtomicBool,
}

impl Module {
    /// Loads it. A module is one for the whole process.
    pub(super) fn load(settings: &Pkcs11Settings) -> Result<Self, Pkcs11Error> {
        let pin = settings.pin()?;
        let failed = |error: ModuleError| Pkcs11Error::Module { path: settings.module.clone(), why: told(&error) };
        let context = Pkcs11::new(&settings.module).map_err(failed)?;
        // A module that was loaded stays: it takes itself apart when it is unloaded, and hangs if the process ends meanwhile.
        std::mem::forget(context.clone());
        initialize(&context).map_err(failed)?;
        let token_label = settings.token_label.clone();
        Ok(Self { context, openings: RwLock::new(0), token_label, pin, pin_refused: AtomicBool::new(false) })
    }

    /// Finds the token, sees what it can do, and logs in. For the start, when an error is the operator's.
    pub(super) fn first_session(&self, settings: &Pkcs11Settings) -> Result<Session, Pkcs11Error> {
        let failed = |error: ModuleError| Pkcs11Error::Failed(told(&error));
        let slot = self.slot()?;
        let able = self.context.get_mechanism_list(slot).map_err(failed)?;
        if let Some((_, name)) = NEEDED.iter().find(|(mechanism, _)| !able.contains(mechanism)) {
            return Err(Pkcs11Error::NoMechanism(name));
        }
        let session = self.context.open_rw_session(slot).map_err(failed)?;
        self.log_in(&session).map_err(|error| match error {
            ModuleError::Pkcs11(RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange, _) => {
                Pkcs11Error::WrongPin(settings.pin_file.clone())
            }
            ModuleError::Pkcs11(
                value @ (RvError::PinLocked | RvError::PinExpired | RvError::UserPinNotInitialized),
                _,
            ) => Pkcs11Error::PinLocked(format!("{value:?}")),
            other => Pkcs11Error::Failed(told(&other)),
        })?;
        Ok(session)
    }

    /// To be held while a session is used.
    pub(super) fn in_use(&self) -> RwLockReadGuard<'_, u64> {
        self.openings.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// A new session, if the token is there. `seen` is how often the module had been opened anew when the last one was lost.
    pub(super) fn session(&self) -> Result<Session, Fault> {
        let slot = self.slot().map_err(|error| Fault::Lost(error.to_string()))?;
        let session = self.context.open_rw_session(slot)?;
        if self.pin_refused.load(Ordering::Relaxed) {
            return Err(Fault::Refused("the token refused the PIN before; restart with the right one".to_owned()));
        }
        self.log_in(&session)?;
        Ok(session)
    }

    /// Opens the module anew, unless somebody else did since `seen`.
    pub(super) fn open_anew(&self, seen: u64) -> Result<(), Fault> {
        let mut openings = self.openings.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        if *openings != seen {
            return Ok(());
        }
        *openings += 1;
        // Whether closing worked shows when it is opened.
        drop(self.context.clone().finalize());
        Ok(initialize(&self.context)?)
    }

    fn log_in(&self, session: &Session) -> Result<(), ModuleError> {
        match session.login(UserType::User, Some(&self.pin)) {
            // The login is the whole process's, not the session's.
            Err(ModuleError::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
            Err(error @ ModuleError::Pkcs11(RvError::PinIncorrect | RvError::PinLocked, _)) => {
                self.pin_refused.store(true, Ordering::Relaxed);
                Err(error)
            }
            other => other,
        }
    }

    fn slot(&self) -> Result<Slot, Pkcs11Error> {
        let failed = |error: ModuleError| Pkcs11Error::Failed(told(&error));
        let mut present = Vec::new();
        let mut found = Vec::new();
        for slot in self.context.get_slots_with_initialized_token().map_err(failed)? {
            let label = self.context.get_token_info(slot).map_err(failed)?.label().trim_end().to_owned();
            if label == self.token_label {
                found.push(slot);
            }
            present.push(label);
        }
        match found[..] {
            [slot] => Ok(slot),
            [] => Err(Pkcs11Error::NoToken { label: self.token_label.clone(), present: present.join(", ") }),
            _ => Err(Pkcs11Error::SeveralTokens(self.token_label.clone())),
        }
    }
}

fn initialize(context: &Pkcs11) -> Result<(), ModuleError> {
    match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        // By another user of the module in this process.
        Err(ModuleError::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(()),
        other => other,
    }
}
