//! The server's documents: their examples run as they are written, and the tests they name exist.

#[path = "support/process.rs"]
mod process;

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use process::Running;

const HANDBOOK: &str = include_str!("../../docs/key-server.md");
const AUDIT: &str = include_str!("../../docs/audit.md");
const CONFORMANCE: &str = include_str!("../../docs/conformance.md");
/// Where the tables that name tests end.
const CHOICES: &str = "## What nobody outside knows";

#[test]
fn the_examples_of_the_handbook_run_as_written() {
    let data = tempfile::tempdir().expect("a directory");
    let server = Running::start(data.path());
    let mut shell = Command::new("bash");
    shell.args(["-euo", "pipefail", "-c", &examples(HANDBOOK)]);
    for field in ["url", "api_key", "account", "instance", "region"] {
        shell.env(format!("ENVELOCK_{}", field.to_uppercase()), server.said(field));
    }
    let output = shell.output().expect("bash, curl and jq are there");
    let told = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    assert!(output.status.success(), "{}\n{}", told[0], told[1]);
    assert!(server.stop().0.success());
}

#[test]
fn the_audit_trail_is_proved_by_the_examples_and_by_the_documented_program() {
    let data = tempfile::tempdir().expect("a directory");
    let folder = tempfile::tempdir().expect("a directory");
    let (_, program) = AUDIT.split_once("Save it as `verify-audit.py`:\n\n```python\n").expect("the program is there");
    let program = program.split("```").next().expect("a block");
    fs::write(folder.path().join("verify-audit.py"), program).expect("written");
    let server = Running::start(data.path());
    let binaries = Path::new(env!("CARGO_BIN_EXE_envelock-keyserver")).parent().expect("a folder");
    let path = format!("{}:{}", binaries.display(), std::env::var("PATH").unwrap_or_default());
    let shell = |script: &str| {
        let mut shell = Command::new("bash");
        shell.args(["-euo", "pipefail", "-c", script]).current_dir(folder.path()).env("PATH", &path);
        shell.env("ENVELOCK_URL", server.said("url")).env("ENVELOCK_API_KEY", server.said("api_key"));
        let output = shell.output().expect("bash, curl, jq, openssl and python3 are there");
        let told = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
        (output.status.code(), told.join("\n"))
    };
    let (code, told) = shell(&examples(AUDIT));
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("up to checkpoint"), "{told}");

    let export = fs::read_to_string(folder.path().join("later.jsonl")).expect("an export");
    let fingerprint = server.said("audit_key");
    let lines: Vec<&str> = export.lines().collect();
    let without = |gone: usize| {
        let kept = lines.iter().enumerate().filter(|(index, _)| *index != gone);
        kept.map(|(_, line)| format!("{line}\n")).collect::<String>()
    };
    let mut bent: Vec<String> = (0..lines.len()).map(without).collect();
    bent.push(export.replacen("success", "failure", 1));
    bent.push(export.replacen("\"sequence\":1,", "\"sequence\":2,", 1));
    for text in bent {
        fs::write(folder.path().join("bent.jsonl"), text).expect("written");
        let (code, told) = shell(&format!("python3 verify-audit.py bent.jsonl {fingerprint}"));
        assert_eq!(code, Some(1), "{told}");
        let (code, told) =
            shell(&format!("envelock-keyserver verify-audit --export - --public-key {fingerprint} < bent.jsonl"));
        assert_eq!(code, Some(3), "{told}");
    }
    let (code, told) = shell(&format!("python3 verify-audit.py later.jsonl {}", "0".repeat(64)));
    assert_eq!(code, Some(1), "{told}");
    let data = data.path().display();
    let (code, told) = shell(&format!("envelock-keyserver verify-audit --data {data} --json | jq -e .intact"));
    assert_eq!(code, Some(0), "{told}");
    let (code, told) = shell(&format!("envelock-keyserver verify-audit --data {data} --public-key nonsense"));
    assert_eq!(code, Some(1), "{told}");
    assert!(server.stop().0.success());
}

#[test]
fn every_test_that_the_conformance_table_names_exists() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut names = BTreeSet::new();
    collect(&tests.join("src"), &mut names);
    collect(&tests.join("tests"), &mut names);
    let (tables, _) = CONFORMANCE.split_once(CHOICES).expect("what was chosen comes after the tests");
    let mut named = 0;
    for row in tables.lines().filter(|line| line.starts_with("| ")) {
        let last = row.trim_end_matches(['|', ' ']).rsplit('|').next().expect("a column");
        for name in last.split('`').skip(1).step_by(2) {
            assert!(names.contains(name), "there is no test `{name}`: {row}");
            named += 1;
        }
    }
    assert!(named > 100, "only {named} tests are named");
}

/// All blocks marked as shell, one after the other.
fn examples(text: &str) -> String {
    let blocks = text.split("```sh\n").skip(1);
    blocks.map(|block| block.split("```").next().expect("a block")).collect()
}

/// Names of functions in Rust files, and of stories.
fn collect(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            collect(&entry, names);
        } else if entry.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&entry).expect("text");
            let functions = text.split("fn ").skip(1).filter_map(|rest| rest.split(['(', '<']).next());
            names.extend(functions.map(str::to_owned));
        } else if entry.parent().is_some_and(|parent| parent.ends_with("stories")) {
            names.extend(entry.file_stem().map(|name| name.to_string_lossy().into_owned()));
        }
    }
}
