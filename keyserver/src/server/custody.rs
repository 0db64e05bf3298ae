//! The custodies that the operator has set up.
//!
//! *Invariant:* every place that keys are in, or are to go to, is set up, or the server does not start.

use std::{path::PathBuf, sync::Arc};

use zeroize::Zeroizing;

use crate::{
    config::CustodyChoice,
    crypto::{
        custody::{
            Custodies, FileCustody, Pkcs11Custody, Pkcs11Settings,
            gateway::{Gateway, Settings},
            whole::KeyCustody,
        },
        private_file,
    },
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
    /// The upstream key service, if there is one.
    pub gateway: Option<GatewaySetting>,
}

/// How an upstream key service is reached.
#[derive(Debug, Clone)]
pub struct GatewaySetting {
    /// Its address.
    pub url: String,
    /// GUID of the instance with the keys.
    pub instance: String,
    /// File with the API key.
    pub api_key_file: PathBuf,
    /// Address of its token service.
    pub iam_url: String,
}

/// Looks whether the place of new root keys is set up, and whether the files that token and upstream are reached with can be
/// read; asks neither.
pub(super) fn check(chosen: &Custody) -> Result<(), StartError> {
    if let Some(settings) = &chosen.pkcs11 {
        settings.check()?;
    }
    if let Some(setting) = &chosen.gateway {
        settings(setting).map_err(StartError::Custody)?;
    }
    require_set_up(chosen, kind(chosen.new_root_keys))
}

/// Puts them together.
pub(super) async fn open(
    chosen: &Custody,
    file: FileCustody,
    store: &dyn Store,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
) -> Result<Custodies, StartError> {
    let (in_use, new_root_keys) = (store.custodies_in_use().await?, kind(chosen.new_root_keys));
    for kind in in_use.iter().copied().chain([new_root_keys]) {
        require_set_up(chosen, kind)?;
    }
    let mut others: Vec<(CustodyKind, Box<dyn KeyCustody>)> = Vec::new();
    if let Some(settings) = &chosen.pkcs11 {
        let (settings, clock, entropy) = (settings.clone(), Arc::clone(clock), Arc::clone(entropy));
        let has_keys = in_use.contains(&CustodyKind::Pkcs11);
        let opened = move || Pkcs11Custody::open(&settings, has_keys, &clock, entropy);
        let token =
            tokio::task::spawn_blocking(opened).await.map_err(|error| StartError::Custody(error.to_string()))?;
        others.push((CustodyKind::Pkcs11, Box::new(token?)));
    }
    if let Some(setting) = &chosen.gateway {
        // Whether it can be reached is asked later, so that a server starts while it is away.
        let gateway =
            Gateway::new(settings(setting).map_err(StartError::Custody)?, Arc::clone(clock), Arc::clone(entropy));
        let gateway =
            gateway.map_err(|error| StartError::Custody(format!("there are no certificates to trust: {error}")))?;
        others.push((CustodyKind::Gateway, Box::new(gateway)));
    }
    Ok(Custodies::new(file, others, new_root_keys))
}

const fn kind(choice: CustodyChoice) -> CustodyKind {
    match choice {
        CustodyChoice::File => CustodyKind::File,
        CustodyChoice::Pkcs11 => CustodyKind::Pkcs11,
        CustodyChoice::Gateway => CustodyKind::Gateway,
    }
}

fn require_set_up(chosen: &Custody, kind: CustodyKind) -> Result<(), StartError> {
    let (is_set_up, otherwise) = match kind {
        CustodyKind::File => return Ok(()),
        CustodyKind::Pkcs11 => (
            chosen.pkcs11.is_some(),
            "keys are in a token, or are to go there: give --pkcs11-module, --pkcs11-token-label and --pkcs11-pin-file",
        ),
        CustodyKind::Gateway => (
            chosen.gateway.is_some(),
            "keys are in another key service, or are to go there: give --gateway-url, --gateway-instance and --gateway-api-key-file",
        ),
    };
    if is_set_up { Ok(()) } else { Err(StartError::Custody(otherwise.to_owned())) }
}

fn settings(GatewaySetting { url, instance, api_key_file, iam_url }: &GatewaySetting) -> Result<Settings, String> {
    let path = api_key_file.display();
    let api_key = match private_file::read(api_key_file) {
        Ok(Some(text)) => Zeroizing::new(text.trim().to_owned()),
        Ok(None) => return Err(format!("--gateway-api-key-file {path} is not there: it must hold the API key")),
        Err(fault) => return Err(format!("--gateway-api-key-file {path} {fault}")),
    };
    Settings::parse(url, instance, iam_url, api_key)
}
