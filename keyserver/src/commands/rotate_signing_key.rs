//! `rotate-signing-key`: the next key that signs access tokens.
//!
//! *Invariant:* what exactly was done is said, also when it was nothing.

use std::io::Write;

use envelock_keyserver::{
    config::RotateSigningKey,
    server::{self, SystemClock, SystemEntropy},
};

use super::{Failure, place};

/// Makes the key and says when it signs.
pub(crate) async fn run(options: RotateSigningKey) -> Result<(), Failure> {
    let place = place(&options.data)?;
    let master_key = options.master_key.as_deref();
    let made = server::rotate_signing_key(&place, master_key, &SystemClock, &SystemEntropy).await?;
    let told = if made { "made; it signs in ten minutes" } else { "not made: somebody else made one at this moment" };
    writeln!(std::io::stdout(), "next signing key {told}")?;
    Ok(())
}
