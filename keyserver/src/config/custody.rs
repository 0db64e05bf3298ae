//! Options of `serve`: where the material of root keys is.
//!
//! *Invariant:* secrets are named by their files and are never options themselves.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

/// Where new versions of root keys go, and how the other places are reached that keys may be in already.
#[derive(Debug, Clone, Args)]
pub struct CustodyOptions {
    /// Where new root keys, and new versions of root keys, are held. A key moves there when it is rotated; those in another place
    /// stay usable as long as that place is set up, too.
    #[arg(long, value_enum, env = "ENVELOCK_CUSTODY", default_value_t = CustodyChoice::File)]
    pub custody: CustodyChoice,
    /// The token.
    #[command(flatten)]
    pub pkcs11: Pkcs11Options,
    /// The upstream key service.
    #[command(flatten)]
    pub gateway: GatewayOptions,
}

/// Where root keys are held.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum CustodyChoice {
    /// In the database, sealed under the master key.
    #[default]
    File,
    /// In a token, which is reached by PKCS#11.
    Pkcs11,
    /// In a Key Protect service, which this server is a gateway to.
    Gateway,
}

/// How a token is reached; all of it, or nothing.
#[derive(Debug, Clone, Args)]
pub struct Pkcs11Options {
    /// The PKCS#11 library of the token, such as /usr/lib/softhsm/libsofthsm2.so.
    #[arg(long, value_name = "FILE", env = "ENVELOCK_PKCS11_MODULE")]
    pub pkcs11_module: Option<PathBuf>,
    /// Label of the token.
    #[arg(long, value_name = "LABEL", env = "ENVELOCK_PKCS11_TOKEN_LABEL")]
    pub pkcs11_token_label: Option<String>,
    /// File with the PIN of the token's user, readable by its owner alone.
    #[arg(long, value_name = "FILE", env = "ENVELOCK_PKCS11_PIN_FILE")]
    pub pkcs11_pin_file: Option<PathBuf>,
    /// Sessions with the token that work at the same time: one for a token in software, more for one over a network.
    #[arg(long, value_name = "COUNT", env = "ENVELOCK_PKCS11_SESSIONS", default_value_t = 1,
          value_parser = clap::value_parser!(u8).range(1..=64))]
    pub pkcs11_sessions: u8,
}

impl Pkcs11Options {
    /// Module, label of the token and file of its PIN, if a token is set up; an error if some of it is missing. clap cannot tell:
    /// it does not take what a file says for given.
    pub fn token(&self) -> Result<Option<(&Path, &str, &Path)>, &'static str> {
        match (&self.pkcs11_module, &self.pkcs11_token_label, &self.pkcs11_pin_file) {
            (Some(module), Some(label), Some(pin_file)) => Ok(Some((module, label, pin_file))),
            (None, None, None) => Ok(None),
            _ => {
                Err("pkcs11-module, pkcs11-token-label and pkcs11-pin-file are needed together, and not all are given")
            }
        }
    }
}

/// How the upstream key service of a gateway is reached; all of it, or nothing.
#[derive(Debug, Clone, Args)]
pub struct GatewayOptions {
    /// Address of the Key Protect service that holds root keys, such as `https://us-south.kms.cloud.ibm.com`.
    #[arg(long, value_name = "URL", env = "ENVELOCK_GATEWAY_URL")]
    pub gateway_url: Option<String>,
    /// GUID of the Key Protect instance there.
    #[arg(long, value_name = "GUID", env = "ENVELOCK_GATEWAY_INSTANCE")]
    pub gateway_instance: Option<String>,
    /// File with an API key of an identity that has the role Manager on that instance; readable by its owner alone.
    #[arg(long, value_name = "FILE", env = "ENVELOCK_GATEWAY_API_KEY_FILE")]
    pub gateway_api_key_file: Option<PathBuf>,
    /// Address of the service that gives access tokens for the API key.
    #[arg(long, value_name = "URL", env = "ENVELOCK_GATEWAY_IAM_URL", default_value = "https://iam.cloud.ibm.com")]
    pub gateway_iam_url: String,
}

impl GatewayOptions {
    /// Address, instance and file of the API key, if the server is a gateway; an error if some of it is missing.
    pub fn upstream(&self) -> Result<Option<(&str, &str, &Path)>, &'static str> {
        match (&self.gateway_url, &self.gateway_instance, &self.gateway_api_key_file) {
            (Some(url), Some(instance), Some(api_key_file)) => Ok(Some((url, instance, api_key_file))),
            (None, None, None) => Ok(None),
            _ => {
                Err("gateway-url, gateway-instance and gateway-api-key-file are needed together, and not all are given")
            }
        }
    }
}
