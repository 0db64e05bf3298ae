//! Options of `serve` as the parts of a server want them.
//!
//! *Invariant:* used by `serve`, by `--check` and by `fsck`, so that what is checked is what is served.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use envelock_keyserver::{
    config::{CustodyOptions, LimitOptions, Serve, ServiceOptions},
    server::{Custody, GatewaySetting, Options, Pace, Pkcs11Settings, Place, Rates, Services, Tls},
};

use super::Failure;

/// Where a server keeps what, and how it behaves.
pub(crate) fn kept(options: &Serve, place: Place, private_address: Option<SocketAddr>) -> Result<Options, Failure> {
    Ok(Options {
        place,
        master_key: options.master_key.clone(),
        custody: custody(&options.custody)?,
        region: options.region.clone(),
        secure_cookies: speaks_tls(options),
        trusted_proxies: options.trusted_proxies.clone(),
        private_port: private_address.map(|address| address.port()),
        services: services(&options.services),
        rates: rates(&options.limits),
    })
}

fn services(chosen: &ServiceOptions) -> Services {
    Services {
        objects: chosen.objects_service.clone(),
        max_object_bytes: chosen.max_object_bytes,
        max_instance_bytes: chosen.max_instance_bytes.unwrap_or(u64::MAX),
        upload_time: Duration::from_secs(chosen.upload_seconds),
        free_root_keys: chosen.free_root_keys,
    }
}

/// Where root keys are held.
pub(crate) fn custody(CustodyOptions { custody, pkcs11, gateway }: &CustodyOptions) -> Result<Custody, Failure> {
    Ok(Custody {
        new_root_keys: *custody,
        pkcs11: pkcs11.token()?.map(|(module, label, pin_file)| Pkcs11Settings {
            module: module.to_owned(),
            token_label: label.to_owned(),
            pin_file: pin_file.to_owned(),
            sessions: pkcs11.pkcs11_sessions.into(),
        }),
        gateway: gateway.upstream()?.map(|(url, instance, api_key_file)| GatewaySetting {
            url: url.to_owned(),
            instance: instance.to_owned(),
            api_key_file: api_key_file.to_owned(),
            iam_url: gateway.gateway_iam_url.clone(),
        }),
    })
}

fn rates(chosen: &LimitOptions) -> Rates {
    Rates { caller: chosen.rate_limit_caller, address: chosen.rate_limit_address, sign_in: chosen.rate_limit_sign_in }
}

/// How many connections, and how slow.
pub(crate) fn pace(chosen: &LimitOptions) -> Pace {
    let seconds = |seconds: u32| Duration::from_secs(seconds.into());
    Pace {
        max_connections: usize::try_from(chosen.max_connections).unwrap_or(usize::MAX),
        head: seconds(chosen.head_timeout),
        drain_delay: seconds(chosen.drain_delay),
        drain: seconds(chosen.drain_timeout),
    }
}

/// Certificate and key, if the server speaks TLS by itself.
pub(crate) fn tls(options: &Serve) -> Result<Option<Arc<Tls>>, Failure> {
    let files = options.tls.files()?;
    Ok(files.map(|(certificate, key)| Tls::open(certificate, key)).transpose()?)
}

fn speaks_tls(options: &Serve) -> bool {
    options.behind_tls_proxy || options.tls.tls_certificate.is_some()
}

/// Refuses to speak plain HTTP to other machines.
pub(crate) fn require_tls(option: &str, address: SocketAddr, options: &Serve) -> Result<(), Failure> {
    if !address.ip().is_loopback() && !speaks_tls(options) {
        let text = "is not a loopback address, and this server speaks plain HTTP: tokens and data keys would travel in clear. \
                    Listen on 127.0.0.1, give the server a certificate with --tls-certificate, or put a proxy that speaks TLS \
                    in front and say so with --behind-tls-proxy";
        return Err(format!("{option} {address} {text}").into());
    }
    Ok(())
}
