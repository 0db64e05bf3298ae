//! A trail on its way out, as the text of an export.
//!
//! *Invariant:* what was sent before an error has no signed end, so that it cannot be taken for the whole.

use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use jiff::Timestamp;

use super::trail::{Part, TrailReader};
use crate::{
    audit::{
        chain::{Hash, Position},
        checkpoint::Checkpoint,
        export::{End, FORMAT, Header, Line},
    },
    error::Error,
    state::App,
};

/// An export that is being read.
pub(crate) struct Export {
    app: App,
    header: Option<Header>,
    reader: TrailReader,
    /// The record or anchor before, which a record without a stored hash goes on from.
    followed: Option<Position>,
    digest: Context,
    ended: bool,
}

impl Export {
    /// Of what comes after one checkpoint, up to another.
    pub(super) fn new(app: &App, account: String, after: Option<Checkpoint>, until: u64, made: Timestamp) -> Self {
        let reader = TrailReader::new(Arc::clone(&app.store), after.as_ref(), Some(until));
        let keys = vec![app.audit_signer.public().into()];
        let header = Header { format: FORMAT.to_owned(), account, made, keys, after };
        Self {
            app: Arc::clone(app),
            followed: header.after.as_ref().map(|after| after.statement.position()),
            header: Some(header),
            reader,
            digest: Context::new(&SHA256),
            ended: false,
        }
    }

    /// Some more lines; `None` after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        if self.ended {
            return Ok(None);
        }
        let mut text = String::new();
        if let Some(header) = self.header.take() {
            push(&mut text, &Line::Header(header));
        } else {
            let parts = self.reader.next().await?;
            self.ended = parts.is_empty();
            for part in parts {
                self.part(&mut text, part);
            }
        }
        if self.ended {
            let digest = Hash::end(self.digest.clone());
            push(&mut text, &Line::End(End::sign(&self.app.audit_signer, digest)));
        }
        self.digest.update(text.as_bytes());
        Ok(Some(Bytes::from(text)))
    }

    fn part(&mut self, text: &mut String, part: Part) {
        match part {
            Part::Anchor(anchor) => {
                self.followed = Some(anchor.statement.position());
                push(text, &Line::Anchor(anchor));
            }
            Part::Checkpoint(checkpoint) => push(text, &Line::Checkpoint(checkpoint)),
            Part::Record(record) => {
                let before = match self.followed {
                    Some(followed) if followed.writer == record.writer => followed,
                    _ => Position::start(record.writer),
                };
                let mut at = Position { sequence: record.sequence, ..before.next(record.event.as_bytes()) };
                // A stored hash that is wrong is shown as it is: the one who verifies shall see it.
                at.hash = record.hash.unwrap_or(at.hash);
                self.followed = Some(at);
                push(text, &Line::Record(at, &record.event));
            }
        }
    }
}

fn push(text: &mut String, line: &Line<'_>) {
    text.push_str(&line.write());
    text.push('\n');
}
