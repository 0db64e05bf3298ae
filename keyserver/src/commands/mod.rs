//! What the binary can be told to do, one file each.
//!
//! *Invariant:* a command turns options into calls of the library and prints what came of it; it decides nothing else.

mod announce;
pub(crate) mod backup;
pub(crate) mod check;
pub(crate) mod fsck;
mod logs;
mod parts;
pub(crate) mod probe;
pub(crate) mod restore;
pub(crate) mod rotate_master_key;
pub(crate) mod rotate_signing_key;
pub(crate) mod serve;
pub(crate) mod sign_in_link;
mod signals;
pub(crate) mod verify_audit;

use envelock_keyserver::{
    config::{Data, Kept},
    server::{Place, maintenance::Installation},
};

/// Why a command ends without having done its work, as a text for whoever started it.
pub(crate) type Failure = Box<dyn std::error::Error>;

fn place(data: &Data) -> Result<Place, Failure> {
    let directory = data.directory().ok_or("this platform has no data directory: give one with --data")?;
    Ok(Place { directory, database: data.database()? })
}

fn installation(kept: &Kept) -> Result<Installation, Failure> {
    Ok(Installation { place: place(&kept.data)?, master_key: kept.master_key.clone() })
}

fn sign_in_url(base: &str, code: &str) -> String {
    format!("{}/#/sign-in?code={code}", base.trim_end_matches('/'))
}
