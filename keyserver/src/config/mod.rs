//! Command line, environment and configuration file.
//!
//! *Invariant:* the only reader of these; everything else takes a [`Config`].

mod address;
mod custody;
mod data;
mod file;
mod limits;
mod maintenance;
mod once;
mod read;
mod serve;
mod services;
mod table;
mod tls;
mod verify_audit;
mod watching;

use clap::{Parser, Subcommand};

pub use address::{Address, AddressError};
pub use custody::{CustodyChoice, CustodyOptions, GatewayOptions, Pkcs11Options};
pub use data::Data;
pub use limits::LimitOptions;
pub use maintenance::{Backup, Fsck, Kept, Restore, RotateMasterKey};
pub use once::{RotateSigningKey, SignInLink};
pub use read::{Read, Unreadable};
pub use serve::{Output, Serve};
pub use services::ServiceOptions;
pub use table::options;
pub use tls::TlsOptions;
pub use verify_audit::VerifyAudit;
pub use watching::{Probe, WatchOptions};

/// Key Protect compatible key server with a console.
#[derive(Debug, Parser)]
#[command(version, about, args_conflicts_with_subcommands = true)]
pub struct Config {
    /// What to do; without it, `serve`.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Options of `serve`, when it is not named.
    #[command(flatten)]
    pub serve: Box<Serve>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve until told to stop.
    Serve(Box<Serve>),
    /// Make a one-time sign-in link for the console, also while the server runs.
    SignInLink(SignInLink),
    /// Make the next key that signs access tokens, also while the server runs. It signs in ten minutes; tokens that the one
    /// before signed stay good until they expire.
    RotateSigningKey(RotateSigningKey),
    /// Write an encrypted copy of one state of the installation, also while the server runs.
    Backup(Backup),
    /// Put a backup into a data directory that is new or empty.
    Restore(Restore),
    /// Look whether every key opens, every row has what it refers to and every object is as it was stored; changes nothing. Ends
    /// with 0 if all is sound, 3 if not, 1 if it could not be looked at.
    Fsck(Fsck),
    /// Put everything under a new master key, also while servers run; after a kill, the next one goes on. The new key is made in a
    /// file beside the old one's, with `.next` at the end of its name, and takes its place when nothing is left under the old one.
    RotateMasterKey(RotateMasterKey),
    /// Ask the server that runs here whether it is ready; for containers, which have no other program to do it.
    Probe(Probe),
    /// Prove that no audit event was altered, removed or moved: in the database, also while the server runs, or in an export.
    VerifyAudit(VerifyAudit),
}
