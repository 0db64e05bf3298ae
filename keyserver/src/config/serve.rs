//! Options of `serve`: where it listens and what it says.
//!
//! *Invariant:* an option that belongs to a part of the server is in that part's own file.

use std::{net::SocketAddr, path::PathBuf};

use clap::{ArgAction, Args, ValueEnum};
use ipnet::IpNet;

use super::{
    custody::CustodyOptions, data::Data, limits::LimitOptions, services::ServiceOptions, tls::TlsOptions,
    watching::WatchOptions,
};

/// Options of `serve`.
#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// Only says whether the configuration is good: options, files, addresses. Starts and changes nothing.
    #[arg(long)]
    pub check: bool,
    /// Where keys are kept.
    #[command(flatten)]
    pub data: Data,
    /// File of the master key, made on the first start; by default `master.key` in the data directory. Keep it on other
    /// storage than the database and out of its backups: whoever has both has every key.
    #[arg(long, value_name = "FILE", env = "ENVELOCK_MASTER_KEY_FILE")]
    pub master_key: Option<PathBuf>,
    /// Where the material of root keys is.
    #[command(flatten)]
    pub custody: CustodyOptions,
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
    /// Says that a proxy in front speaks TLS to everyone else. Without this or a certificate only a loopback address is listened on, as tokens
    /// and data keys would travel in clear.
    #[arg(
        long, value_name = "BOOL", env = "ENVELOCK_BEHIND_TLS_PROXY", action = ArgAction::Set, num_args = 0..=1,
        require_equals = true, default_missing_value = "true", default_value_t = false
    )]
    pub behind_tls_proxy: bool,
    /// TLS of the server itself.
    #[command(flatten)]
    pub tls: TlsOptions,
    /// How much is taken.
    #[command(flatten)]
    pub limits: LimitOptions,
    /// How it is watched.
    #[command(flatten)]
    pub watch: WatchOptions,
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

/// Form of what is printed and logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    Text,
    /// For programs: one JSON object per line.
    Json,
}

fn parse_region(text: &str) -> Result<String, String> {
    let legal = !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if legal { Ok(text.to_owned()) } else { Err("a region has lower-case letters, digits and `-`".to_owned()) }
}
