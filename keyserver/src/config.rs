//! Command line and environment.
//!
//! *Invariant:* the only reader of either; everything else takes a [`Config`].

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use ipnet::IpNet;

/// Key Protect compatible key server with a console.
#[derive(Debug, Parser)]
#[command(version, about, args_conflicts_with_subcommands = true)]
pub struct Config {
    /// What to do; without it, `serve`.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Options of `serve`, when it is not named.
    #[command(flatten)]
    pub serve: Serve,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve until told to stop.
    Serve(Serve),
    /// Make a one-time sign-in link for the console, also while the server runs.
    SignInLink(SignInLink),
    /// Make the next key that signs access tokens, also while the server runs. It signs in ten minutes; tokens that the one
    /// before signed stay good until they expire.
    RotateSigningKey(RotateSigningKey),
}

/// Options of `serve`.
#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// Where keys are kept.
    #[command(flatten)]
    pub data: Data,
    /// File of the master key, made on the first start; by default `master.key` in the data directory. Keep it on other
    /// storage than the database and out of its backups: whoever has both has every key.
    #[arg(long, value_name = "FILE", env = "ENVELOCK_MASTER_KEY_FILE")]
    pub master_key: Option<PathBuf>,
    /// Address to listen on; port 0 picks a free one.
    #[arg(long, value_name = "ADDR", env = "ENVELOCK_LISTEN", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// One more address to listen on, for a private network: requests that arrive there count as private for instances with the
    /// policy allowedNetwork `private-only`, all others as public. Let nothing but that network reach it.
    #[arg(long, value_name = "ADDR", env = "ENVELOCK_LISTEN_PRIVATE")]
    pub listen_private: Option<SocketAddr>,
    /// Network of proxies in front, such as 10.0.0.0/8; several are separated by commas. For the policy allowedIP and in audit
    /// events a request through one of them comes from the last address in its X-Forwarded-For that is not one of them.
    /// Without this the header is ignored: anybody can send it.
    #[arg(long, value_name = "CIDR", env = "ENVELOCK_TRUSTED_PROXIES", value_delimiter = ',')]
    pub trusted_proxies: Vec<IpNet>,
    /// Says that a proxy in front speaks TLS to everyone else. Without it only a loopback address is listened on, as tokens
    /// and data keys would travel in clear.
    #[arg(long, env = "ENVELOCK_BEHIND_TLS_PROXY")]
    pub behind_tls_proxy: bool,
    /// Region of a new installation, part of every name in it.
    #[arg(long, env = "ENVELOCK_REGION", default_value = "us-south", value_parser = parse_region)]
    pub region: String,
    /// The services that can be ordered.
    #[command(flatten)]
    pub services: ServiceOptions,
    /// Form of what is printed and logged.
    #[arg(long, value_enum, env = "ENVELOCK_OUTPUT", default_value_t = Output::Text)]
    pub output: Output,
}

/// Options of the services that can be ordered.
#[derive(Debug, Clone, Args)]
pub struct ServiceOptions {
    /// Name of the encrypted object store in resource names and policies, for instances made from now on.
    #[arg(long, value_name = "NAME", env = "ENVELOCK_OBJECTS_SERVICE", default_value = "envelock-objects", value_parser = parse_service)]
    pub objects_service: String,
    /// Largest object that is stored, in bytes.
    #[arg(long, value_name = "BYTES", env = "ENVELOCK_MAX_OBJECT_BYTES", default_value_t = 5 << 30)]
    pub max_object_bytes: u64,
    /// How much all objects of one instance may have, in bytes; without it as much as fits on the disk.
    #[arg(long, value_name = "BYTES", env = "ENVELOCK_MAX_INSTANCE_BYTES")]
    pub max_instance_bytes: Option<u64>,
    /// How long an object may take to arrive, in seconds.
    #[arg(long, value_name = "SECONDS", env = "ENVELOCK_UPLOAD_SECONDS", default_value_t = 3600)]
    pub upload_seconds: u64,
    /// Root keys of an instance that the usage report counts as free.
    #[arg(long, value_name = "COUNT", env = "ENVELOCK_FREE_ROOT_KEYS", default_value_t = 20)]
    pub free_root_keys: u64,
}

/// Options of `rotate-signing-key`.
#[derive(Debug, Clone, Args)]
pub struct RotateSigningKey {
    /// Where keys are kept.
    #[command(flatten)]
    pub data: Data,
    /// File of the master key; by default `master.key` in the data directory.
    #[arg(long, value_name = "FILE", env = "ENVELOCK_MASTER_KEY_FILE")]
    pub master_key: Option<PathBuf>,
}

/// Options of `sign-in-link`.
#[derive(Debug, Clone, Args)]
pub struct SignInLink {
    /// Where keys are kept.
    #[command(flatten)]
    pub data: Data,
    /// Address of the console.
    #[arg(long, value_name = "URL", env = "ENVELOCK_URL")]
    pub url: String,
}

/// The data directory.
#[derive(Debug, Clone, Args)]
pub struct Data {
    /// Directory of the database and, unless it is kept elsewhere, of the master key; by default in the platform's data
    /// directory.
    #[arg(long = "data", value_name = "DIR", env = "ENVELOCK_DATA")]
    directory: Option<PathBuf>,
}

impl Data {
    /// The directory given, or the platform's; `None` when the platform has none.
    pub fn directory(&self) -> Option<PathBuf> {
        self.directory.clone().or_else(|| dirs::data_dir().map(|base| base.join("envelock")))
    }
}

/// Form of what is printed and logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    Text,
    /// For programs: one JSON object per line.
    Json,
}

fn parse_service(text: &str) -> Result<String, String> {
    let legal = (2..=64).contains(&text.len())
        && text != "kms"
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if legal {
        Ok(text.to_owned())
    } else {
        Err("a service has 2 to 64 lower-case letters, digits and `-`, and `kms` is taken".to_owned())
    }
}

fn parse_region(text: &str) -> Result<String, String> {
    let legal = !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if legal { Ok(text.to_owned()) } else { Err("a region has lower-case letters, digits and `-`".to_owned()) }
}
