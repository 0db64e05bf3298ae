//! Every way to bend a trail, and that it is found.

use jiff::Timestamp;
use proptest::{collection::vec, prelude::*, sample::Index};
use uuid::Uuid;

use super::{Finding, Report, Trust, Verifier, text};
use crate::{
    audit::{
        chain::{Hash, Position},
        checkpoint::{Checkpoint, CheckpointSigner},
        export::{End, FORMAT, Header, Line},
    },
    keys::material::Secret,
};

/// A part of a trail, as the database has it.
#[derive(Debug, Clone, PartialEq)]
enum Part {
    Record(Position, String),
    Checkpoint(Checkpoint),
}

fn signer(seed: u8) -> CheckpointSigner {
    CheckpointSigner::load(&Secret::new(vec![seed; 32])).expect("a key")
}

/// For each checkpoint its writer and how many records it signs; at the end, `unsigned` records of the first writer.
fn trail(groups: &[(u8, usize)], unsigned: usize) -> Vec<Part> {
    let signer = signer(1);
    let mut heads = std::collections::BTreeMap::new();
    let mut parts = Vec::new();
    let mut last: Option<Checkpoint> = None;
    let mut append = |writer: u8, parts: &mut Vec<Part>| {
        let head = heads.entry(writer).or_insert_with(|| Position::start(Uuid::from_bytes([writer; 16])));
        let event = format!("{{\"action\":\"kms.secrets.unwrap\",\"number\":{}}}", parts.len());
        *head = head.next(event.as_bytes());
        parts.push(Part::Record(*head, event));
        *head
    };
    for (writer, records) in groups {
        let mut head = None;
        for _ in 0..*records {
            head = Some(append(*writer, &mut parts));
        }
        if let Some(head) = head {
            let previous = last.as_ref().map(|last| &last.statement);
            let made = signer.checkpoint(previous, head, Timestamp::UNIX_EPOCH);
            parts.push(Part::Checkpoint(made.clone()));
            last = Some(made);
        }
    }
    for _ in 0..unsigned {
        append(groups[0].0, &mut parts);
    }
    parts
}

fn trust() -> Trust {
    Trust { pinned: vec![signer(1).fingerprint()], keys: vec![signer(1).public()] }
}

fn verify(parts: &[Part], kept: Option<Checkpoint>) -> Report {
    let mut verifier = Verifier::new(trust(), None);
    if let Some(kept) = kept {
        verifier.demand(kept);
    }
    for part in parts {
        match part.clone() {
            Part::Record(at, event) => verifier.record(at.writer, at.sequence, Some(at.hash), event.as_bytes()),
            Part::Checkpoint(checkpoint) => verifier.checkpoint(checkpoint),
        }
    }
    verifier.finish()
}

fn last_checkpoint(parts: &[Part]) -> Checkpoint {
    verify(parts, None).last_checkpoint.expect("a checkpoint")
}

fn export(parts: &[Part], keys: &[&CheckpointSigner]) -> String {
    let header = Header {
        format: FORMAT.to_owned(),
        account: "a".to_owned(),
        made: Timestamp::UNIX_EPOCH,
        keys: keys.iter().map(|key| key.public().into()).collect(),
        after: None,
    };
    let mut text = Line::Header(header).write() + "\n";
    for part in parts {
        let line = match part {
            Part::Record(at, event) => Line::Record(*at, event).write(),
            Part::Checkpoint(checkpoint) => Line::Checkpoint(checkpoint.clone()).write(),
        };
        text += &(line + "\n");
    }
    let end = End::sign(keys[0], Hash::of(&[text.as_bytes()]));
    text + &Line::End(end).write() + "\n"
}

fn read(text: &[u8]) -> Report {
    text::verify(&mut &*text, &[signer(1).fingerprint()], None, &mut |_| ()).expect("memory can be read")
}

fn story() -> Vec<Part> {
    trail(&[(1, 3), (2, 2), (1, 1), (3, 4), (2, 1)], 2)
}

#[test]
fn an_untouched_trail_is_intact_and_says_what_nobody_signed() {
    let report = verify(&story(), None);
    assert!(report.intact && report.from_start && report.keys_pinned, "{report:?}");
    assert_eq!((report.records, report.checkpoints, report.unsigned), (13, 5, 2));
    assert!(verify(&story(), Some(last_checkpoint(&story()))).intact);
    assert!(read(export(&story(), &[&signer(1)]).as_bytes()).intact);
}

#[test]
fn the_record_that_was_altered_is_named() {
    let mut parts = story();
    let Part::Record(at, event) = &mut parts[5] else { panic!("a record") };
    let (writer, sequence) = (at.writer, at.sequence);
    event.push(' ');
    assert_eq!(verify(&parts, None).findings, [Finding::RecordAltered { writer, sequence }]);
}

#[test]
fn events_replaced_together_with_their_hashes_contradict_the_checkpoint() {
    let mut parts = story();
    let mut head = Position::start(Uuid::from_bytes([1; 16]));
    for part in &mut parts[..3] {
        let Part::Record(at, event) = part else { panic!("a record") };
        event.push(' ');
        head = head.next(event.as_bytes());
        *at = head;
    }
    let finding = Finding::ChainAltered { number: 1, writer: head.writer, first: 1, last: 3 };
    assert_eq!(verify(&parts, None).findings, [finding]);
}

#[test]
fn a_trail_signed_anew_by_another_key_is_not_believed() {
    let report = read(export(&story(), &[&signer(2), &signer(1)]).as_bytes());
    assert_eq!(report.findings, [Finding::EndWrong]);
    let mut forged = Verifier::new(trust(), None);
    let at = Position::start(Uuid::from_bytes([1; 16])).next(b"{}");
    forged.record(at.writer, 1, Some(at.hash), b"{}");
    forged.checkpoint(signer(2).checkpoint(None, at, Timestamp::UNIX_EPOCH));
    let key = signer(2).fingerprint();
    assert_eq!(forged.finish().findings, [Finding::KeyUnknown { number: 1, key }]);
}

#[test]
fn a_writer_taken_out_with_its_checkpoints_leaves_a_gap() {
    let gone = Uuid::from_bytes([3; 16]);
    let mut parts = story();
    parts.retain(|part| match part {
        Part::Record(at, _) => at.writer != gone,
        Part::Checkpoint(checkpoint) => checkpoint.statement.writer != gone,
    });
    assert_eq!(verify(&parts, None).findings, [Finding::CheckpointsMissing { first: 4, last: 4 }]);
}

#[test]
fn a_part_of_a_trail_goes_on_from_its_anchors() {
    let parts = story();
    let checkpoints: Vec<Checkpoint> = parts
        .iter()
        .filter_map(|part| if let Part::Checkpoint(checkpoint) = part { Some(checkpoint.clone()) } else { None })
        .collect();
    let feed = |anchored: bool| {
        let mut verifier = Verifier::new(trust(), Some(checkpoints[2].clone()));
        for part in &parts[9..] {
            match part.clone() {
                Part::Record(at, event) => {
                    if anchored && at.writer == Uuid::from_bytes([2; 16]) {
                        verifier.anchor(&checkpoints[1]);
                    }
                    verifier.record(at.writer, at.sequence, Some(at.hash), event.as_bytes());
                }
                Part::Checkpoint(checkpoint) => verifier.checkpoint(checkpoint),
            }
        }
        verifier.finish()
    };
    let report = feed(true);
    assert!(report.intact && !report.from_start, "{report:?}");
    assert!(!feed(false).intact);
}

#[test]
fn every_single_byte_of_an_export_counts() {
    let text = export(&trail(&[(1, 2), (2, 1)], 1), &[&signer(1)]);
    for place in 0..text.len() {
        for bit in [0x01, 0x20, 0x80] {
            let mut bytes = text.clone().into_bytes();
            bytes[place] ^= bit;
            assert!(!read(&bytes).intact, "byte {place} of {text}");
        }
        assert!(!read(&text.as_bytes()[..place]).intact, "cut at {place}");
    }
    assert!(!read((text.clone() + "\n").as_bytes()).intact);
    assert!(!read((text.clone() + &text).as_bytes()).intact);
}

proptest! {
    #[test]
    fn whatever_is_done_to_signed_records_is_found(
        groups in vec((1_u8..4, 1_usize..5), 1..6),
        (one, other, byte) in any::<(Index, Index, Index)>(),
        bit in 0_u32..8,
    ) {
        let parts = trail(&groups, 0);
        prop_assert!(verify(&parts, None).intact);
        let kept = last_checkpoint(&parts);
        let (one, other) = (one.index(parts.len()), other.index(parts.len()));

        let mut altered = parts.clone();
        match &mut altered[one] {
            Part::Record(at, event) => {
                let mut bytes = event.clone().into_bytes();
                let place = byte.index(bytes.len());
                bytes[place] ^= 1 << (bit % 7);
                *event = String::from_utf8(bytes).expect("still ASCII");
                let mut hash = *at;
                hash.hash.0[byte.index(32)] ^= 1 << bit;
                let mut stored = parts.clone();
                if let Part::Record(at, _) = &mut stored[one] {
                    *at = hash;
                }
                prop_assert!(!verify(&stored, None).intact, "hash altered");
            }
            Part::Checkpoint(checkpoint) => checkpoint.signature.0[byte.index(64)] ^= 1 << bit,
        }
        prop_assert!(!verify(&altered, None).intact, "altered");

        let mut dropped = parts.clone();
        dropped.remove(one);
        prop_assert!(!verify(&dropped, Some(kept.clone())).intact, "dropped");

        let mut doubled = parts.clone();
        doubled.insert(other, parts[one].clone());
        prop_assert!(!verify(&doubled, None).intact, "doubled");

        let mut swapped = parts.clone();
        swapped.swap(one, other);
        // Chains of different writers do not depend on each other, but all checkpoints do.
        let writer = |part: &Part| match part {
            Part::Record(at, _) => (at.writer, false),
            Part::Checkpoint(checkpoint) => (checkpoint.statement.writer, true),
        };
        let (mine, theirs) = (writer(&parts[one]), writer(&parts[other]));
        let depend = one != other && (mine.0 == theirs.0 || (mine.1 && theirs.1));
        prop_assert!(!depend || !verify(&swapped, None).intact, "swapped");

        prop_assert!(!verify(&parts[..one], Some(kept)).intact, "cut");
    }
}
