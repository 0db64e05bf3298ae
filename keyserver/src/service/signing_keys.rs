//! Making, loading and retiring the keys that sign access tokens.
//!
//! *Invariant:* of several servers that find a new key to be due, one makes it: the write names the newest key it knew.

use std::sync::Arc;

use jiff::Timestamp;

use crate::{
    audit::{self, Answer, Classify, event::Trail},
    crypto::seal::{Place, Sealer},
    error::Error,
    iam::{
        roles::Action,
        signing::{PUBLISHED_AHEAD, Signer, is_published, later, successor_is_due},
    },
    keys::environment::Entropy,
    service::apart::apart,
    state::{AppState, row},
    store::{SealedSigningKey, Store},
};

/// What making a key takes.
pub(crate) struct Workshop<'a> {
    /// What is remembered.
    pub(crate) store: &'a Arc<dyn Store>,
    /// Material under the master key.
    pub(crate) sealer: &'a Sealer,
    /// Random bytes.
    pub(crate) entropy: &'a dyn Entropy,
    /// Which status an outcome has.
    pub(crate) classify: Classify,
}

/// Stored keys, ready to sign and verify.
pub(crate) fn open(sealer: &Sealer, keys: Vec<SealedSigningKey>) -> Result<Vec<Signer>, Error> {
    let open = |key: SealedSigningKey| {
        let pem = sealer.open(&key.sealed, Place::TokenSigningKey(&key.id))?;
        Signer::load(key.id, key.signs_from, &pem)
    };
    keys.into_iter().map(open).collect()
}

/// A key pair to be stored, made on a thread of its own: it takes long.
pub(crate) async fn generate(
    sealer: &Sealer,
    entropy: &dyn Entropy,
    signs_from: Timestamp,
) -> Result<SealedSigningKey, Error> {
    let pem = apart(Signer::generate).await?;
    let id = entropy.uuid().to_string();
    let sealed = sealer.seal(&pem, Place::TokenSigningKey(&id), entropy)?;
    Ok(SealedSigningKey { id, signs_from, sealed })
}

/// Makes the next key, which signs in [`PUBLISHED_AHEAD`]; `false` if somebody else made one at the same moment.
pub(crate) async fn succeed(around: &Workshop<'_>, now: Timestamp) -> Result<bool, Error> {
    let Workshop { store, sealer, entropy, classify } = around;
    let newest = store.signing_keys().await?.pop().ok_or(Error::Corrupt("no token signing key"))?;
    let next = generate(sealer, *entropy, later(now, PUBLISHED_AHEAD)).await?;
    let mut trail = Trail::of_installation(Action::RotateSigningKey, entropy.uuid(), now);
    trail.other_target(next.id.clone(), "", "iam/signing-key");
    let event = audit::of_success(*classify, entropy.uuid(), &trail, Answer::Created).map(row)?;
    store.insert_signing_key(&newest.id, next, event).await
}

/// Makes the next key when it is time, forgets those that are of no more use, and takes those that others made into use.
pub(crate) async fn run_due(app: &AppState, now: Timestamp) -> Result<(), Error> {
    let moments = |keys: &[SealedSigningKey]| keys.iter().map(|key| key.signs_from).collect::<Vec<_>>();
    let mut keys = app.store.signing_keys().await?;
    if successor_is_due(&moments(&keys), now) {
        let around =
            Workshop { store: &app.store, sealer: &app.sealer, entropy: &*app.entropy, classify: app.classify };
        succeed(&around, now).await?;
        keys = app.store.signing_keys().await?;
    }
    let moments = moments(&keys);
    let mut published = Vec::new();
    for (index, key) in keys.into_iter().enumerate() {
        if is_published(&moments, index, now) {
            published.push(key);
        } else {
            app.store.delete_signing_key(&key.id).await?;
        }
    }
    app.tokens.replace(open(&app.sealer, published)?);
    Ok(())
}
