//! `rotate-signing-key`: the next key that signs access tokens.
//!
//! *Invariant:* what exactly was done is said, also when it was nothing.

use std::io::Write;

use envelock_keyserver::{
    config::RotateSigningKey,
    server::{self, SystemClock, SystemEntropy},
};

use super::{Failure, directory};

/// Makes the key and says when it signs.
pub(crate) async fn run(options: RotateSigningKey) -> Result<(), Failure> {
    let directory = directory(&options.data)?;
    let master_key = options.master_key.as_deref();
    let made = server::rotate_signing_key(&directory, master_key, &SystemClock, &SystemEntropy).await?;
    let told = if made { "made; it signs in ten minutes" } else { "not made: somebody else made one at this moment" };
    writeln!(std::io::stdout(), "next signing key {told}")?;
    Ok(())
}
