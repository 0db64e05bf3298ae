//! The guide `docs/client.md` against the sources: the tables of error codes, and the names of options and exports.
//!
//! *Invariant:* a failure without a row, a row without a failure, a row that says something else, and a name that the
//! guide never mentions are found.

#![cfg(not(target_arch = "wasm32"))]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use envelock::error::{ArgumentError, Error, Fault, ServiceError, ServiceFault};

const GUIDE: &str = include_str!("../docs/client.md");
const ERRORS: &str = include_str!("../src/error.rs");

/// What the guide says of a code.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    fault: String,
    retry: bool,
}

/// The rows by code. Which table a row stands in, that is by the heading above, says whose fault it is.
fn rows() -> BTreeMap<String, Row> {
    let mut fault = String::new();
    let mut rows = BTreeMap::new();
    for line in GUIDE.lines() {
        if line.starts_with('#') {
            fault = line.split('`').nth(1).unwrap_or_default().to_owned();
        }
        let Some(row) = line.strip_prefix("| `ERR_") else { continue };
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let code = format!("ERR_{}", cells[0].trim_end_matches('`'));
        assert_eq!(cells.len(), 5, "{code}: code, retry, cause, what to do");
        assert!(!cells[2].is_empty() && !cells[3].is_empty(), "{code} says nothing");
        let retry = match cells[1] {
            "yes" => true,
            "no" => false,
            other => panic!("{code}: retry is {other:?}"),
        };
        assert!(rows.insert(code.clone(), Row { fault: fault.clone(), retry }).is_none(), "{code} has two rows");
    }
    rows
}

/// All codes that stand in quotes in a source.
fn codes(source: &str) -> BTreeSet<String> {
    source.split('"').filter(|text| text.starts_with("ERR_")).map(str::to_owned).collect()
}

/// The façade's sources.
fn facade() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("pkg-config/src");
    let files = std::fs::read_dir(folder).expect("the façade's sources");
    files.map(|entry| std::fs::read_to_string(entry.expect("a file").path()).expect("text")).collect()
}

/// One failure of each kind.
fn failures() -> Vec<Error> {
    let service = |kind| Error::Service(Box::new(ServiceError { kind, status: None, reason: None, request_id: None }));
    let mut failures = vec![
        Error::NotAnEnvelope,
        Error::Base64Envelope,
        Error::Malformed("field"),
        Error::SuiteNotAllowed { id: 0x0578, needs: "signed" },
        Error::NonFramed,
        Error::NonFramedTooLong { length: 2, limit: 1 },
        Error::WholeOnly("signed"),
        Error::Signature,
        Error::SignatureUnsupported,
        Error::Truncated,
        Error::TrailingData,
        Error::FrameOrder { expected: 2 },
        Error::CommitmentMismatch,
        Error::HeaderAuthentication,
        Error::FrameAuthentication { frame: 1 },
        Error::UnwrapFailed,
        Error::ContextMismatch { key: "tenant".to_owned() },
        Error::TooManyEdks { count: 2, limit: 1 },
        Error::FrameTooLong { length: 2, limit: 1 },
        Error::NoMatchingKek,
        Error::InvalidArgument(Box::new(ArgumentError { argument: "key".to_owned(), problem: "missing".to_owned() })),
        Error::MessageTooLong,
        Error::NoPlatformEngine,
        Error::Platform,
        Error::SourceChanged,
        Error::Disposed,
        Error::OtherDataKey,
        Error::TokenCallback,
        Error::Internal("what"),
    ];
    failures.extend(
        [
            ServiceFault::ApiKeyRefused,
            ServiceFault::AccessDenied,
            ServiceFault::KeyDisabled,
            ServiceFault::KeyDeleted,
            ServiceFault::KeyNotFound,
            ServiceFault::NotARootKey,
            ServiceFault::WrappedKeyRefused,
            ServiceFault::RateLimited,
            ServiceFault::Failed,
            ServiceFault::Refused,
            ServiceFault::Unreachable,
            ServiceFault::BadReply,
        ]
        .map(service),
    );
    failures
}

#[test]
fn every_code_has_a_row_and_every_row_a_code() {
    let thrown: BTreeSet<String> = facade().iter().flat_map(|source| codes(source)).chain(codes(ERRORS)).collect();
    let documented: BTreeSet<String> = rows().into_keys().collect();
    let missing: Vec<_> = thrown.difference(&documented).collect();
    let invented: Vec<_> = documented.difference(&thrown).collect();
    assert!(missing.is_empty() && invented.is_empty(), "without a row: {missing:?}; without a failure: {invented:?}");
}

#[test]
fn a_row_says_whose_fault_it_is_and_whether_to_repeat() {
    let (rows, failures) = (rows(), failures());
    let of_core: BTreeSet<String> = failures.iter().map(|failure| failure.code().to_owned()).collect();
    assert_eq!(of_core, codes(ERRORS), "a failure of the crate is missing in this test");
    for failure in failures {
        let fault = match failure.fault() {
            Fault::Data => "data",
            Fault::Caller => "caller",
            Fault::Service => "service",
            Fault::Bug => "bug",
        };
        let expected = Row { fault: fault.to_owned(), retry: failure.retryable() };
        assert_eq!(rows[failure.code()], expected, "{}", failure.code());
    }
}

#[test]
fn every_option_and_every_export_is_mentioned() {
    let words: BTreeSet<&str> = GUIDE.split(|letter: char| !letter.is_alphanumeric()).collect();
    let sources = facade();
    let lines = || sources.iter().flat_map(|source| source.lines());
    let options: Vec<&str> =
        lines().filter_map(|line| Some(line.trim().strip_prefix("readonly ")?.split_once("?:")?.0)).collect();
    let exports: Vec<&str> = lines()
        .filter_map(|line| line.strip_prefix("export { ")?.split_once(" }"))
        .flat_map(|(names, _)| names.split(", "))
        .collect();
    assert!(
        options.contains(&"onProgress") && exports.contains(&"envelock"),
        "the sources are read as they are written"
    );
    // Classes that nobody makes by hand are what verbs give.
    let given = ["DataKey", "FileSlice", "Opened", "OpenedFile", "SealedBlob"];
    let missing: BTreeSet<&str> =
        options.into_iter().chain(exports).filter(|name| !words.contains(name) && !given.contains(name)).collect();
    assert!(missing.is_empty(), "the guide does not mention {missing:?}");
}
