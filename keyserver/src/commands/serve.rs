//! `serve`: logs, sockets, the announcement, the end.
//!
//! *Invariant:* nothing is announced before it holds.

use std::{io::Write, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use envelock_keyserver::{
    config::{CustodyOptions, Output, Serve, ServiceOptions},
    server::{self, Custody, Options, Pkcs11Settings, Server, Services, Sockets, SystemClock, SystemEntropy},
};
use serde_json::json;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use super::{Failure, directory, sign_in_url};

/// Serves until a signal says stop.
pub(crate) async fn run(options: Serve) -> Result<(), Failure> {
    start_logs(options.output);
    let directory = directory(&options.data)?;
    // Before the store: a first start that cannot listen must not make an API key that nobody gets to see.
    let public = bind("--listen", options.listen, options.behind_tls_proxy).await?;
    let private = match options.listen_private {
        Some(address) => Some(bind("--listen-private", address, options.behind_tls_proxy).await?),
        None => None,
    };
    let address = public.local_addr()?;
    let private_address = private.as_ref().map(TcpListener::local_addr).transpose()?;
    let kept = kept(&options, directory, private_address);
    let server = server::open(&kept, Arc::new(SystemClock), Arc::new(SystemEntropy)).await?;
    tracing::info!(%address, data = %kept.directory.display(), "listening");
    // Before the announcement: whoever reads it may stop the server at once, and that is a clean stop too.
    let stop = stop_signal()?;
    announce(&options, &server, address, private_address)?;
    server.serve(Sockets { public, private }, stop).await;
    tracing::info!("stopped");
    Ok(())
}

pub(super) fn kept(options: &Serve, directory: PathBuf, private_address: Option<SocketAddr>) -> Options {
    Options {
        directory,
        master_key: options.master_key.clone(),
        custody: custody(&options.custody),
        region: options.region.clone(),
        secure_cookies: options.behind_tls_proxy,
        trusted_proxies: options.trusted_proxies.clone(),
        private_port: private_address.map(|address| address.port()),
        services: services(&options.services),
    }
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

fn custody(CustodyOptions { custody, pkcs11 }: &CustodyOptions) -> Custody {
    let token = pkcs11.pkcs11_module.clone().zip(pkcs11.pkcs11_token_label.clone()).zip(pkcs11.pkcs11_pin_file.clone());
    Custody {
        new_root_keys: *custody,
        pkcs11: token.map(|((module, token_label), pin_file)| Pkcs11Settings {
            module,
            token_label,
            pin_file,
            sessions: pkcs11.pkcs11_sessions.into(),
        }),
    }
}

async fn bind(option: &str, address: SocketAddr, behind_tls_proxy: bool) -> Result<TcpListener, Failure> {
    require_tls(option, address, behind_tls_proxy)?;
    Ok(TcpListener::bind(address).await.map_err(|error| format!("cannot listen on {address}: {error}"))?)
}

/// Refuses to speak plain HTTP to other machines.
pub(super) fn require_tls(option: &str, address: SocketAddr, behind_tls_proxy: bool) -> Result<(), Failure> {
    if !address.ip().is_loopback() && !behind_tls_proxy {
        let text = "is not a loopback address, and this server speaks plain HTTP: tokens and data keys would travel in clear. \
                    Listen on 127.0.0.1, or put a proxy that speaks TLS in front and say so with --behind-tls-proxy";
        return Err(format!("{option} {address} {text}").into());
    }
    Ok(())
}

fn start_logs(output: Output) {
    let builder = tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(tracing::Level::INFO);
    match output {
        Output::Text => builder.with_ansi(false).init(),
        Output::Json => builder.json().flatten_event(true).init(),
    }
}

fn announce(options: &Serve, server: &Server, address: SocketAddr, private: Option<SocketAddr>) -> std::io::Result<()> {
    let url = format!("http://{address}");
    let private_url = private.map(|address| format!("http://{address}"));
    let sign_in_url = sign_in_url(&url, &server.sign_in_code);
    let mut out = std::io::stdout().lock();
    match options.output {
        Output::Json => {
            let ready = json!({
                "event": "ready",
                "url": url,
                "private_url": private_url,
                "sign_in_url": sign_in_url,
                "account": server.account,
                "instance": server.instance,
                "region": server.region,
                "api_key": server.api_key.as_deref(),
            });
            writeln!(out, "{ready}")?;
        }
        Output::Text => {
            writeln!(out, "Console       {url}/")?;
            if let Some(private_url) = private_url {
                writeln!(out, "Private       {private_url}/")?;
            }
            writeln!(out, "Sign in once  {sign_in_url}  (15 minutes)")?;
            writeln!(out, "Account       {}", server.account)?;
            writeln!(out, "Instance      {}  (Key Protect, {})", server.instance, server.region)?;
            if let Some(api_key) = server.api_key.as_deref() {
                writeln!(out, "API key       {api_key}")?;
                writeln!(out, "              of the administrator; this is the only time it is shown")?;
            }
        }
    }
    out.flush()
}

fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => (),
            _ = terminate.recv() => (),
        }
    })
}
