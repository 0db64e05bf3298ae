//! Proves an export, read line by line.
//!
//! *Invariant:* a line longer than any event could make is refused before it is read whole.

use std::io::{self, BufRead, Read};

use aws_lc_rs::digest::{Context, SHA256};

use crate::audit::{
    chain::Hash,
    checkpoint::Checkpoint,
    export::{End, FORMAT, Header, Line},
    verify::{Finding, Report, Trust, Verifier},
};

/// The longest line that is read; an event takes a few kibibytes.
const MAX_LINE_BYTES: u64 = 1 << 20;

/// Reads and proves a whole export. `progress` is told now and then how many records were read.
///
/// # Errors
/// What the reader says; whatever is wrong with the export itself is in the report.
pub(crate) fn verify(
    reader: &mut dyn BufRead,
    pinned: &[Hash],
    kept: Option<Checkpoint>,
    progress: &mut dyn FnMut(u64),
) -> io::Result<Report> {
    let mut lines = Lines { reader, digest: Context::new(&SHA256), number: 0 };
    let first = lines.next()?;
    let header = match first.as_deref().and_then(Line::read) {
        Some(Line::Header(header)) if header.format == FORMAT => Some(header),
        _ => None,
    };
    let (keys, after) = match &header {
        Some(Header { keys, after, .. }) => (keys.iter().map(|key| key.public_key).collect(), after.clone()),
        None => (Vec::new(), None),
    };
    let mut verifier = Verifier::new(Trust { pinned: pinned.to_vec(), keys }, after);
    if header.is_none() {
        verifier.found(Finding::HeaderMissing);
        return Ok(verifier.finish());
    }
    if let Some(kept) = kept {
        verifier.demand(kept);
    }
    let mut ended = false;
    let mut before = lines.so_far();
    while let Some(text) = lines.next()? {
        let line = lines.number;
        if ended {
            verifier.found(Finding::AfterEnd { line });
            break;
        }
        match Line::read(&text) {
            Some(Line::Record(at, event)) => {
                verifier.record(at.writer, at.sequence, Some(at.hash), event.as_bytes());
                progress(verifier.records());
            }
            Some(Line::Checkpoint(checkpoint)) => verifier.checkpoint(checkpoint),
            Some(Line::Anchor(anchor)) => verifier.anchor(&anchor),
            Some(Line::End(end)) => {
                ended = true;
                if !proves(&end, before, verifier.trust()) {
                    verifier.found(Finding::EndWrong);
                }
            }
            Some(Line::Header(_)) | None => verifier.found(Finding::LineUnreadable { line }),
        }
        if text.is_empty() {
            break;
        }
        before = lines.so_far();
    }
    if !ended {
        verifier.found(Finding::EndMissing);
    }
    Ok(verifier.finish())
}

fn proves(end: &End, digest: Hash, trust: &Trust) -> bool {
    let signed = |key: &crate::audit::checkpoint::PublicKey| key.signed(&End::text(digest, end.key), &end.signature);
    end.digest == digest && trust.key(end.key).is_some_and(signed)
}

struct Lines<'a> {
    reader: &'a mut dyn BufRead,
    digest: Context,
    number: u64,
}

impl Lines<'_> {
    /// The next line without its line feed; an unreadable one is empty, which no line of an export is.
    fn next(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        if Read::take(&mut *self.reader, MAX_LINE_BYTES).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        self.digest.update(&line);
        self.number += 1;
        let whole = line.pop() == Some(b'\n');
        Ok(Some(String::from_utf8(line).ok().filter(|_| whole).unwrap_or_default()))
    }

    fn so_far(&self) -> Hash {
        Hash::end(self.digest.clone())
    }
}
