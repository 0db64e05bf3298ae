//! Proves that a trail is the one that was written, or says where it is not.
//!
//! It is fed the trail in the order of an export: of each checkpoint first the records that it signs, then the checkpoint, and
//! after the last one what nobody has signed yet. It remembers one place for each writer, however long the trail is.
//! *Invariant:* stored hashes are never believed: they only help to say which record is wrong.

mod finding;
#[cfg(test)]
mod tests;
pub(crate) mod text;

use std::collections::BTreeMap;

use serde::Serialize;
use uuid::Uuid;

use crate::audit::{
    chain::{Hash, Position},
    checkpoint::{Checkpoint, PublicKey, Statement},
};

pub(crate) use finding::Finding;

/// How many findings are kept in full.
const MAX_FINDINGS: usize = 100;

/// What was found out about a trail.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Report {
    /// Whether nothing is wrong.
    pub(crate) intact: bool,
    /// Whether the trail was read from its first record on, and not from a later checkpoint.
    pub(crate) from_start: bool,
    /// Whether the keys were those that the operator named, and not only those that the trail names itself.
    pub(crate) keys_pinned: bool,
    /// Records seen.
    pub(crate) records: u64,
    /// Checkpoints seen.
    pub(crate) checkpoints: u64,
    /// Records after the last checkpoint of their writer: what is among them is proved, where they end is not.
    pub(crate) unsigned: u64,
    /// The last checkpoint: keep it elsewhere, and hold the next trail against it.
    pub(crate) last_checkpoint: Option<Checkpoint>,
    /// How many things are wrong.
    pub(crate) wrong: u64,
    /// The first of them.
    pub(crate) findings: Vec<Finding>,
}

/// Whose signatures count.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trust {
    /// Those that the operator named; if any, no others count.
    pub(crate) pinned: Vec<Hash>,
    /// Those that the trail names.
    pub(crate) keys: Vec<PublicKey>,
}

impl Trust {
    /// The key with this fingerprint, if it counts.
    pub(crate) fn key(&self, fingerprint: Hash) -> Option<&PublicKey> {
        let counts = self.pinned.is_empty() || self.pinned.contains(&fingerprint);
        self.keys.iter().find(|key| counts && key.fingerprint() == fingerprint)
    }
}

struct Chain {
    head: Position,
    signed: u64,
}

/// Takes a trail in and says what is wrong with it.
pub(crate) struct Verifier {
    trust: Trust,
    chains: BTreeMap<Uuid, Chain>,
    from_start: bool,
    last: Option<Checkpoint>,
    kept: Option<Checkpoint>,
    records: u64,
    checkpoints: u64,
    wrong: u64,
    findings: Vec<Finding>,
}

impl Verifier {
    /// Of a trail that goes on from a checkpoint, or from its beginning.
    pub(crate) fn new(trust: Trust, after: Option<Checkpoint>) -> Self {
        let mut verifier = Self {
            trust,
            chains: BTreeMap::new(),
            from_start: after.is_none(),
            last: None,
            kept: None,
            records: 0,
            checkpoints: 0,
            wrong: 0,
            findings: Vec::new(),
        };
        if let Some(after) = after {
            verifier.check_signature(&after);
            verifier.anchor_at(&after.statement);
            verifier.last = Some(after);
        }
        verifier
    }

    /// Demands that the trail has this checkpoint, which was kept elsewhere: a trail whose end was cut off has not.
    pub(crate) fn demand(&mut self, kept: Checkpoint) {
        self.check_signature(&kept);
        if let Some(last) = &self.last {
            if kept.statement.number < last.statement.number {
                self.found(Finding::KeptIsOlder { number: kept.statement.number });
                return;
            }
            if kept.statement.number == last.statement.number {
                self.compare(&kept, &last.statement.clone());
                return;
            }
        }
        self.kept = Some(kept);
    }

    /// A checkpoint from before the trail that a writer's records go on from.
    pub(crate) fn anchor(&mut self, anchor: &Checkpoint) {
        let Statement { number, writer, .. } = anchor.statement;
        self.check_signature(anchor);
        let before = self.last.as_ref().is_some_and(|last| number <= last.statement.number);
        if self.from_start || !before || self.chains.contains_key(&writer) {
            self.found(Finding::AnchorMisplaced { number });
            return;
        }
        self.anchor_at(&anchor.statement);
    }

    fn anchor_at(&mut self, statement: &Statement) {
        let chain = Chain { head: statement.position(), signed: statement.sequence };
        self.chains.insert(statement.writer, chain);
    }

    /// The next record of a writer: its stored place, its stored hash if it has one, and its event.
    pub(crate) fn record(&mut self, writer: Uuid, sequence: u64, stored: Option<Hash>, event: &[u8]) {
        self.records += 1;
        let start = Chain { head: Position::start(writer), signed: 0 };
        let head = self.chains.entry(writer).or_insert(start).head;
        if sequence <= head.sequence {
            self.found(Finding::RecordRepeated { writer, sequence });
            return;
        }
        let mut next = head.next(event);
        if sequence > next.sequence {
            self.found(Finding::RecordsMissing { writer, first: next.sequence, last: sequence - 1 });
            next = Position { sequence, hash: stored.unwrap_or(next.hash), ..next };
        } else if let Some(stored) = stored.filter(|stored| *stored != next.hash) {
            self.found(Finding::RecordAltered { writer, sequence });
            // To go on as if only this one were wrong: the next checkpoint tells.
            next.hash = stored;
        }
        if let Some(chain) = self.chains.get_mut(&writer) {
            chain.head = next;
        }
    }

    /// Says that what was just fed in is wrong in a way that only the one who reads it can see.
    pub(crate) fn found(&mut self, finding: Finding) {
        self.wrong += 1;
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(finding);
        }
    }

    /// The next checkpoint, after all records that it signs.
    pub(crate) fn checkpoint(&mut self, checkpoint: Checkpoint) {
        self.checkpoints += 1;
        self.check_signature(&checkpoint);
        let statement = &checkpoint.statement;
        let number = statement.number;
        let (expected, previous) = match &self.last {
            Some(Checkpoint { statement, .. }) => (statement.number + 1, statement.digest()),
            None => (1, Hash::NOTHING),
        };
        if number > expected {
            self.found(Finding::CheckpointsMissing { first: expected, last: number - 1 });
        } else if number < expected {
            self.found(Finding::CheckpointRepeated { number });
            return;
        } else if statement.previous != previous {
            self.found(Finding::CheckpointUnlinked { number });
        }
        self.hold_against_chain(statement);
        if let Some(kept) = self.kept.take_if(|kept| kept.statement.number <= number) {
            self.compare(&kept, statement);
        }
        self.last = Some(checkpoint);
    }

    fn hold_against_chain(&mut self, statement: &Statement) {
        let Statement { number, writer, sequence, .. } = *statement;
        let start = Chain { head: Position::start(writer), signed: 0 };
        let Chain { head, signed } = self.chains.entry(writer).or_insert(start);
        let (head, first) = (*head, *signed + 1);
        let finding = if sequence < first {
            Some(Finding::CheckpointBackwards { number, writer, sequence })
        } else if head.sequence < sequence {
            Some(Finding::RecordsMissing { writer, first: head.sequence + 1, last: sequence })
        } else if head.sequence > sequence {
            Some(Finding::CheckpointMisplaced { number, writer, sequence })
        } else if head.hash != statement.hash {
            Some(Finding::ChainAltered { number, writer, first, last: sequence })
        } else {
            None
        };
        match finding {
            // Further records go on from there, or are seen to be repeated.
            Some(finding) => {
                self.found(finding);
                if head.sequence <= sequence {
                    self.anchor_at(statement);
                }
            }
            None => self.anchor_at(statement),
        }
    }

    fn compare(&mut self, kept: &Checkpoint, there: &Statement) {
        if kept.statement != *there {
            self.found(Finding::KeptDiffers { number: kept.statement.number });
        }
    }

    fn check_signature(&mut self, checkpoint: &Checkpoint) {
        let Statement { number, key, .. } = checkpoint.statement;
        match self.trust.key(key) {
            None => self.found(Finding::KeyUnknown { number, key }),
            Some(public) if !public.signed(&checkpoint.statement.text(), &checkpoint.signature) => {
                self.found(Finding::SignatureWrong { number });
            }
            Some(_) => (),
        }
    }

    /// How many records were seen so far.
    pub(crate) const fn records(&self) -> u64 {
        self.records
    }

    /// The keys that count.
    pub(crate) const fn trust(&self) -> &Trust {
        &self.trust
    }

    /// The end of the trail.
    pub(crate) fn finish(mut self) -> Report {
        if let Some(kept) = self.kept.take() {
            let last = self.last.as_ref().map_or(0, |last| last.statement.number);
            self.found(Finding::EndCutOff { last, kept: kept.statement.number });
        }
        Report {
            intact: self.wrong == 0,
            from_start: self.from_start,
            keys_pinned: !self.trust.pinned.is_empty(),
            records: self.records,
            checkpoints: self.checkpoints,
            unsigned: self.chains.values().map(|chain| chain.head.sequence - chain.signed).sum(),
            last_checkpoint: self.last,
            wrong: self.wrong,
            findings: self.findings,
        }
    }
}
