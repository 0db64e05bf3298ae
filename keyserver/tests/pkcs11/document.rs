//! The commands of the document on custody, run as they are written.

use std::{env, path::Path, process::Command};

const DOCUMENT: &str = include_str!("../../../docs/custody.md");

#[test]
fn the_commands_of_the_document_work_as_written() {
    let directory = tempfile::tempdir().expect("a directory");
    let blocks = DOCUMENT.split("```sh\n").skip(1).map(|block| block.split("```").next().expect("a block"));
    let program = Path::new(env!("CARGO_BIN_EXE_envelock-keyserver")).parent().expect("a folder");
    let path = format!("{}:{}", program.display(), env::var("PATH").expect("there"));
    // Whatever fails, the server ends with the shell.
    let script = format!("trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n{}", blocks.collect::<String>());
    let mut shell = Command::new("bash");
    shell.args(["-euo", "pipefail", "-c", &script]).current_dir(directory.path()).env("PATH", path);
    let output = shell.output().expect("bash, curl, jq and the tools of the token are there");
    let told = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    assert!(output.status.success(), "{}\n{}", told[0], told[1]);
}
