//! Makes checkpoints: of this process's chain from what it remembers of it, of chains that their writers left unsigned from what
//! is stored.
//!
//! *Invariant:* what is stored is signed only after it was followed from the last signature on. Of several servers that make a
//! checkpoint at the same moment one is first, and the others go on from it.

use std::{collections::BTreeSet, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use crate::{
    audit::{
        chain::Position,
        checkpoint::{CheckpointSigner, Statement},
    },
    crypto::seal::{Place, Sealer},
    error::Error,
    keys::environment::Entropy,
    service::call::ATTEMPTS,
    state::AppState,
    store::{SealedAuditKey, Store, Unsigned},
};

/// Records after which a checkpoint is made without waiting.
const EVERY_RECORDS: u64 = 10_000;
/// After this time a checkpoint is made of whatever there is.
const EVERY: SignedDuration = SignedDuration::from_secs(10);
/// A chain that nothing was added to for this long, by a writer that is not here, is signed by another.
const ABANDONED_AFTER: SignedDuration = SignedDuration::from_secs(60);
/// Records that are read at a time.
const PAGE: u32 = 500;

/// Decides when the next checkpoint is made.
pub(crate) struct Pace {
    records: u64,
    since: Timestamp,
}

impl Pace {
    /// Nothing is signed yet.
    pub(crate) const fn new(now: Timestamp) -> Self {
        Self { records: 0, since: now }
    }

    /// Whether it is time, given how many records this process has written in all; if so, it starts to count again.
    pub(crate) fn is_due(&mut self, records: u64, now: Timestamp) -> bool {
        // A chain that is in doubt is not counted any more.
        let new = records.checked_sub(self.records).unwrap_or(records);
        let waited = now.duration_since(self.since);
        // A clock that was set back must not put it off.
        let due = new >= EVERY_RECORDS || (new > 0 && (waited >= EVERY || waited.is_negative()));
        if due || new == 0 {
            *self = Self { records, since: now };
        }
        due
    }
}

/// Loads the key that signs checkpoints; the first start makes it.
pub(crate) async fn open_key(
    store: &Arc<dyn Store>,
    sealer: &Sealer,
    entropy: &dyn Entropy,
) -> Result<CheckpointSigner, Error> {
    if store.audit_key().await?.is_none() {
        let seed = CheckpointSigner::generate(entropy);
        let public_key = CheckpointSigner::load(&seed)?.public();
        let sealed = sealer.seal(&seed, Place::AuditSigningKey, entropy)?;
        // If another server was first, its key is the one.
        store.insert_audit_key(SealedAuditKey { public_key, sealed }).await?;
    }
    let key = store.audit_key().await?.ok_or(Error::Corrupt("the audit signing key was not stored"))?;
    let signer = CheckpointSigner::load(&sealer.open(&key.sealed, Place::AuditSigningKey)?)?;
    if signer.public() == key.public_key { Ok(signer) } else { Err(Error::Corrupt("public audit signing key")) }
}

/// Signs everything that is due at `now`, and logs what cannot be signed.
pub(crate) async fn run_due(app: &AppState, now: Timestamp) {
    sign_own_or_log(app, now).await;
    if let Err(error) = sign_abandoned(&app.store, &app.audit_signer, now).await {
        tracing::error!(detail = error.detail(), "checkpoint of an abandoned audit chain");
    }
}

/// As [`sign_own`], for those that can do nothing about an error.
pub(crate) async fn sign_own_or_log(app: &AppState, now: Timestamp) {
    if let Err(error) = sign_own(&app.store, &app.audit_signer, now).await {
        tracing::error!(detail = error.detail(), "checkpoint of the audit trail");
    }
}

/// Signs how far this process's chains have come.
pub(crate) async fn sign_own(store: &Arc<dyn Store>, signer: &CheckpointSigner, now: Timestamp) -> Result<(), Error> {
    for head in store.own_heads() {
        sign(store, signer, head, now).await?;
    }
    Ok(())
}

/// Signs chains whose writers are gone, such as those of a server that was killed.
async fn sign_abandoned(store: &Arc<dyn Store>, signer: &CheckpointSigner, now: Timestamp) -> Result<(), Error> {
    let own: BTreeSet<_> = store.own_heads().iter().map(|head| head.writer).collect();
    for chain in store.unsigned().await? {
        if own.contains(&chain.signed.writer) || now.duration_since(chain.at) < ABANDONED_AFTER {
            continue;
        }
        match follow(store, &chain).await? {
            Some(head) => sign(store, signer, head, now).await?,
            None => {
                let writer = chain.signed.writer;
                tracing::error!(%writer, "the audit trail was altered: run verify-audit; this chain is signed no further");
            }
        }
    }
    Ok(())
}

/// The end of a stored chain, if its records follow each other from the last signature on.
async fn follow(store: &Arc<dyn Store>, chain: &Unsigned) -> Result<Option<Position>, Error> {
    let mut head = chain.signed;
    while head.sequence < chain.last {
        let records = store.records(head.writer, head.sequence, chain.last, PAGE).await?;
        if records.is_empty() {
            return Ok(None);
        }
        for record in records {
            let next = head.next(record.event.as_bytes());
            if record.sequence != next.sequence || record.hash.is_some_and(|stored| stored != next.hash) {
                return Ok(None);
            }
            head = next;
        }
    }
    Ok(Some(head))
}

async fn sign(store: &Arc<dyn Store>, signer: &CheckpointSigner, head: Position, now: Timestamp) -> Result<(), Error> {
    for _ in 0..ATTEMPTS {
        let signed = store.checkpoint_of(head.writer, u64::MAX >> 1).await?;
        if signed.is_some_and(|signed| signed.statement.sequence >= head.sequence) {
            return Ok(());
        }
        let last = store.last_checkpoint().await?;
        let previous: Option<&Statement> = last.as_ref().map(|last| &last.statement);
        if store.insert_checkpoint(signer.checkpoint(previous, head, now)).await? {
            return Ok(());
        }
    }
    Err(Error::Contended)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).expect("in range")
    }

    #[test]
    fn a_checkpoint_is_due_after_many_records_or_some_time_and_never_without_records() {
        let mut pace = Pace::new(at(0));
        assert!(!pace.is_due(0, at(100)), "nothing to sign");
        assert!(!pace.is_due(1, at(101)));
        assert!(pace.is_due(5, at(111)));
        assert!(!pace.is_due(5, at(200)), "signed already");
        assert!(!pace.is_due(6, at(201)));
        assert!(pace.is_due(10_005, at(202)), "many records");
        assert!(!pace.is_due(10_006, at(203)));
        assert!(pace.is_due(10_006, at(10)), "the clock was set back");
        assert!(!pace.is_due(7, at(11)), "another chain, as the one before is in doubt");
        assert!(pace.is_due(7, at(21)));
    }
}
