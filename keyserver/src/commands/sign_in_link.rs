//! `sign-in-link`: a one-time way into the console.
//!
//! *Invariant:* the link goes to stdout and nowhere else.

use std::io::Write;

use envelock_keyserver::{
    config::SignInLink,
    server::{self, SystemClock, SystemEntropy},
};

use super::{Failure, place, sign_in_url};

/// Makes a link and prints it.
pub(crate) async fn run(options: SignInLink) -> Result<(), Failure> {
    let place = place(&options.data)?;
    let code = server::sign_in_code(&place, &SystemClock, &SystemEntropy).await?;
    writeln!(std::io::stdout(), "{}", sign_in_url(&options.url, &code))?;
    Ok(())
}
