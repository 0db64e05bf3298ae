//! The custodies that the operator has set up.
//!
//! *Invariant:* every place that keys are in, or are to go to, is set up, or the server does not start.

use std::sync::Arc;

use crate::{
    config::CustodyChoice,
    crypto::custody::{Custodies, Custody as KeyCustody, FileCustody, Pkcs11Custody, Pkcs11Settings},
    keys::{
        environment::{Clock, Entropy},
        version::CustodyKind,
    },
    server::StartError,
    store::Store,
};

/// Where root keys are held.
#[derive(Debug, Clone, Default)]
pub struct Custody {
    /// Where new versions of root keys go.
    pub new_root_keys: CustodyChoice,
    /// The token, if there is one.
    pub pkcs11: Option<Pkcs11Settings>,
}

/// Puts them together.
pub(super) async fn open(
    chosen: &Custody,
    file: FileCustody,
    store: &dyn Store,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
) -> Result<Custodies, StartError> {
    let mut others: Vec<(CustodyKind, Box<dyn KeyCustody>)> = Vec::new();
    let in_use = store.custodies_in_use().await?;
    if let Some(settings) = &chosen.pkcs11 {
        let (settings, clock, entropy) = (settings.clone(), Arc::clone(clock), Arc::clone(entropy));
        let has_keys = in_use.contains(&CustodyKind::Pkcs11);
        let opened = move || Pkcs11Custody::open(&settings, has_keys, &clock, entropy);
        let token =
            tokio::task::spawn_blocking(opened).await.map_err(|error| StartError::Custody(error.to_string()))?;
        others.push((CustodyKind::Pkcs11, Box::new(token?)));
    }
    let new_root_keys = match chosen.new_root_keys {
        CustodyChoice::File => CustodyKind::File,
        CustodyChoice::Pkcs11 => CustodyKind::Pkcs11,
    };
    let is_set_up = |kind| kind == CustodyKind::File || others.iter().any(|(other, _)| *other == kind);
    for kind in in_use.into_iter().chain([new_root_keys]) {
        if !is_set_up(kind) {
            return Err(StartError::Custody(needs(kind).to_owned()));
        }
    }
    Ok(Custodies::new(file, others, new_root_keys))
}

const fn needs(kind: CustodyKind) -> &'static str {
    match kind {
        CustodyKind::File => "file custody needs a master key",
        CustodyKind::Pkcs11 => {
            "keys are in a token, or are to go there: give --pkcs11-module, --pkcs11-token-label and --pkcs11-pin-file"
        }
        CustodyKind::Gateway => "keys are in another key service, which this server has no access to",
    }
}
