//! What an error of the module means.
//!
//! *Invariant:* a text made here names functions and return values of PKCS#11, and nothing that was given to them.

use cryptoki::error::{Error as ModuleError, RvError};

use crate::error::Error;

/// Why the token did not do what it was asked to.
#[derive(Debug)]
pub(super) enum Fault {
    /// The token, or the way to it, is gone: worth a new session.
    Lost(String),
    /// It will say the same again.
    Refused(String),
    /// It answered what cannot be true.
    Lied(String),
}

impl From<ModuleError> for Fault {
    fn from(error: ModuleError) -> Self {
        let text = told(&error);
        match error {
            ModuleError::Pkcs11(value, _) if is_loss(value) => Self::Lost(text),
            _ => Self::Refused(text),
        }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Lost(detail) => Self::CustodyUnreachable { detail, retry_after: Some(1) },
            Fault::Refused(detail) => Self::CustodyRefused(detail),
            Fault::Lied(detail) => Self::CustodyLied(detail),
        }
    }
}

/// What the module said, in the words of the standard.
pub(super) fn told(error: &ModuleError) -> String {
    match error {
        ModuleError::Pkcs11(value, function) => format!("C_{function:?}: {value:?}"),
        other => other.to_string(),
    }
}

/// Whether a new session may help. A return value that can mean anything counts as a loss: trying again does no harm.
fn is_loss(value: RvError) -> bool {
    matches!(
        value,
        RvError::Cancel
            | RvError::CryptokiNotInitialized
            | RvError::DeviceError
            | RvError::DeviceMemory
            | RvError::DeviceRemoved
            | RvError::FunctionCanceled
            | RvError::FunctionFailed
            | RvError::GeneralError
            | RvError::HostMemory
            | RvError::OperationActive
            | RvError::OperationNotInitialized
            | RvError::SessionClosed
            | RvError::SessionCount
            | RvError::SessionHandleInvalid
            | RvError::SlotIdInvalid
            | RvError::TokenNotPresent
            | RvError::TokenNotRecognized
            | RvError::UserNotLoggedIn
    )
}

/// Whether the module says that it has no object by this handle, any more.
pub(super) fn is_stale(error: &ModuleError) -> bool {
    matches!(error, ModuleError::Pkcs11(RvError::KeyHandleInvalid | RvError::ObjectHandleInvalid, _))
}

/// Whether this is how PKCS#11 says that a ciphertext is not the key's.
pub(super) fn is_bad_data(error: &ModuleError) -> bool {
    matches!(
        error,
        ModuleError::Pkcs11(RvError::EncryptedDataInvalid | RvError::EncryptedDataLenRange | RvError::DataInvalid, _)
    )
}
