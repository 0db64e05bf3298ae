//! Root keys in a token: a real SoftHSM one, looked at by other programs, too.

#[path = "support/calls.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod calls;
#[path = "support/process.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod process;
#[path = "support/api.rs"]
#[expect(dead_code, reason = "the other tests need more of it")]
mod support;
#[path = "support/iam.rs"]
#[expect(dead_code, reason = "the other tests need more of it")]
mod support_iam;
#[path = "support/token.rs"]
mod token;

#[path = "pkcs11/binary.rs"]
mod binary;
#[path = "pkcs11/document.rs"]
mod document;
#[path = "pkcs11/keys.rs"]
mod keys;
#[path = "pkcs11/loss.rs"]
mod loss;
#[path = "pkcs11/start.rs"]
mod start;

use envelock_keyserver::server::{Custody, CustodyChoice, Pkcs11Settings};
use support::Api;
use token::{LABEL, MODULE, SoftToken};

/// How the token is reached.
fn settings(token: &SoftToken) -> Pkcs11Settings {
    Pkcs11Settings { module: MODULE.into(), token_label: LABEL.to_owned(), pin_file: token.pin_file(), sessions: 2 }
}

/// New root keys go to the token.
fn custody(token: &SoftToken) -> Custody {
    Custody { new_root_keys: CustodyChoice::Pkcs11, pkcs11: Some(settings(token)), ..Custody::default() }
}

/// A server whose root keys are in the token.
async fn server(token: &SoftToken) -> Api {
    let custody = custody(token);
    Api::new().await.restart_with(|options| options.custody = custody).await
}
