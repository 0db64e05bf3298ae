//! Users: people, known by their e-mail address.
//!
//! *Invariant:* a user who is not active gets no token and no access, whoever asks and whatever token they still have.

use jiff::Timestamp;

use crate::{error::Error, keys::environment::Entropy};

/// A person in an account.
#[derive(Debug, Clone)]
pub(crate) struct User {
    /// `IBMid-` and ten characters: the id that policies name.
    pub(crate) iam_id: String,
    /// The account.
    pub(crate) account: String,
    /// Unique in the account, in any case.
    pub(crate) email: String,
    /// Given name; may be empty.
    pub(crate) first_name: String,
    /// Family name; may be empty.
    pub(crate) last_name: String,
    /// Whether they may get tokens and use them.
    pub(crate) active: bool,
    /// When they were added.
    pub(crate) created_at: Timestamp,
    /// IAM id of who added them.
    pub(crate) created_by: String,
}

impl User {
    /// A fresh IAM id, in the form of IBM's own: digits and capitals, 50 random bits.
    pub(crate) fn new_iam_id(entropy: &dyn Entropy) -> String {
        // Without letters that are taken for digits.
        const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKLMNPQRSTUVWX";
        let mut bytes = [0; 10];
        entropy.fill(&mut bytes);
        let code: String = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
        format!("IBMid-{code}")
    }

    /// The id without its realm.
    pub(crate) fn identifier(&self) -> &str {
        self.iam_id.strip_prefix("IBMid-").unwrap_or(&self.iam_id)
    }

    /// Full name, or the address where there is none.
    pub(crate) fn name(&self) -> String {
        let name = format!("{} {}", self.first_name, self.last_name);
        let name = name.trim();
        if name.is_empty() { self.email.clone() } else { name.to_owned() }
    }
}

/// Refuses what is no e-mail address at first sight.
pub(crate) fn check_email(email: &str) -> Result<(), Error> {
    let parts = email.split_once('@').filter(|(user, host)| !user.is_empty() && !host.is_empty());
    let legal = (3..=254).contains(&email.len()) && email.bytes().all(|byte| byte.is_ascii_graphic());
    if legal && parts.is_some() {
        Ok(())
    } else {
        Err(Error::InvalidField { name: "email", why: "not an e-mail address" })
    }
}

/// Refuses names that are too long or not printable.
pub(crate) fn check_name(field: &'static str, name: &str) -> Result<(), Error> {
    if name.chars().count() <= 100 && !name.chars().any(char::is_control) {
        Ok(())
    } else {
        Err(Error::InvalidField { name: field, why: "a name has at most 100 printable characters" })
    }
}
