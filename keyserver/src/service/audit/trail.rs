//! The whole trail, or a part of it, in the order in which it is verified.
//!
//! *Invariant:* reads a page at a time and remembers one number for each writer.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use uuid::Uuid;

use crate::{
    audit::checkpoint::Checkpoint,
    error::Error,
    store::{Store, StoredRecord},
};

/// Records or checkpoints that are read at a time.
const PAGE: u32 = 500;
/// More than any chain has.
const NO_END: u64 = u64::MAX >> 1;

/// A part of the trail.
pub(super) enum Part {
    /// Where the records of a writer go on from.
    Anchor(Checkpoint),
    /// An event.
    Record(StoredRecord),
    /// What signs the records before it.
    Checkpoint(Checkpoint),
}

/// Reads a trail from a checkpoint on, or from its beginning.
pub(super) struct TrailReader {
    store: Arc<dyn Store>,
    start: u64,
    until: Option<u64>,
    last: u64,
    reached: BTreeMap<Uuid, u64>,
    checkpoints: VecDeque<Checkpoint>,
    tails: Option<VecDeque<Uuid>>,
}

impl TrailReader {
    /// What comes after the checkpoint of this number (0: everything), up to the one of the other number, or to the end with
    /// what is not signed yet.
    pub(super) fn new(store: Arc<dyn Store>, after: Option<&Checkpoint>, until: Option<u64>) -> Self {
        let start = after.map_or(0, |after| after.statement.number);
        let reached = after.map(|after| (after.statement.writer, after.statement.sequence)).into_iter().collect();
        Self { store, start, until, last: start, reached, checkpoints: VecDeque::new(), tails: None }
    }

    /// Some more of it; nothing at its end.
    pub(super) async fn next(&mut self) -> Result<Vec<Part>, Error> {
        loop {
            if self.checkpoints.is_empty() && self.tails.is_none() {
                self.load().await?;
            }
            let parts = if let Some(checkpoint) = self.checkpoints.front() {
                let (writer, sequence) = (checkpoint.statement.writer, checkpoint.statement.sequence);
                let (mut parts, whole) = self.records(writer, sequence).await?;
                if whole {
                    parts.extend(self.checkpoints.pop_front().map(Part::Checkpoint));
                }
                parts
            } else if let Some(writer) = self.tails.as_ref().and_then(|tails| tails.front()).copied() {
                let (parts, whole) = self.records(writer, NO_END).await?;
                if let (true, Some(tails)) = (whole, &mut self.tails) {
                    tails.pop_front();
                }
                parts
            } else {
                return Ok(Vec::new());
            };
            if !parts.is_empty() {
                return Ok(parts);
            }
        }
    }

    async fn load(&mut self) -> Result<(), Error> {
        let wanted = |checkpoint: &Checkpoint, until: Option<u64>| {
            until.is_none_or(|until| checkpoint.statement.number <= until)
        };
        let found = self.store.checkpoints(self.last, PAGE).await?;
        self.checkpoints = found.into_iter().filter(|checkpoint| wanted(checkpoint, self.until)).collect();
        match self.checkpoints.back() {
            Some(last) => self.last = last.statement.number,
            None if self.until.is_some() => self.tails = Some(VecDeque::new()),
            None => self.tails = Some(self.store.writers().await?.into()),
        }
        Ok(())
    }

    /// The next records of a writer, and whether these were all.
    async fn records(&mut self, writer: Uuid, up_to: u64) -> Result<(Vec<Part>, bool), Error> {
        let mut parts = Vec::new();
        let after = match self.reached.get(&writer) {
            Some(reached) => *reached,
            None => {
                let anchor = if self.start == 0 { None } else { self.store.checkpoint_of(writer, self.start).await? };
                let reached = anchor.as_ref().map_or(0, |anchor| anchor.statement.sequence);
                parts.extend(anchor.map(Part::Anchor));
                reached
            }
        };
        let records = self.store.records(writer, after, up_to, PAGE).await?;
        let whole = records.len() < PAGE as usize || records.last().is_some_and(|last| last.sequence == up_to);
        let reached = records.last().map_or(after, |last| last.sequence);
        if records.is_empty() && up_to == NO_END {
            // Nothing to go on with, so nothing to go on from.
            parts.clear();
        }
        self.reached.insert(writer, reached);
        parts.extend(records.into_iter().map(Part::Record));
        Ok((parts, whole))
    }
}
