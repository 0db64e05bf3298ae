//! IBM's own SDKs, unmodified, against the real binary: only the addresses are ours.
//!
//! Needs the throwaway trees that `cargo xtask test` prepares. Real waits of 30 seconds are part of the stories; both
//! clients and all their stories run at the same time.

#[path = "support/process.rs"]
mod process;

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    thread,
};

use process::Running;

fn trees() -> PathBuf {
    let trees = std::env::var_os("ENVELOCK_CONFORMANCE").map(PathBuf::from);
    trees.expect("ENVELOCK_CONFORMANCE is not set: these tests need IBM's SDKs, so run them with `cargo xtask test`")
}

fn told(server: &Running, mut story: Command) -> Output {
    story
        .env("ENVELOCK_URL", server.said("url"))
        .env("ENVELOCK_API_KEY", server.said("api_key"))
        .env("ENVELOCK_INSTANCE", server.said("instance"))
        .output()
        .expect("the story runs")
}

#[test]
fn ibm_sdks_work_unchanged() {
    let trees = trees();
    let stories = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance");
    let data = tempfile::tempdir().expect("a directory");
    let server = Running::start(data.path());

    let mut node = Command::new("node");
    node.arg(stories.join("node.mjs")).arg(trees.join("node-key-protect"));
    let mut python = Command::new(trees.join("python-keyprotect-3/bin/python"));
    python.arg(stories.join("python.py"));

    thread::scope(|scope| {
        let told = [("Node", node), ("Python", python)].map(|(name, story)| {
            let server = &server;
            (name, scope.spawn(move || told(server, story)))
        });
        for (name, story) in told {
            let output = story.join().expect("told");
            assert!(output.status.success(), "{name}:\n{}", String::from_utf8_lossy(&output.stderr));
        }
    });

    let (status, _) = server.stop();
    assert!(status.success(), "stopped with {status}");
}
