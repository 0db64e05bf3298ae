//! A disk that fills up, and one that cannot be written. The disk is a small one in memory, which takes root to mount.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::json;

use crate::{
    kill::assert_sound,
    patient::{Client, Dice},
    process::Running,
};

/// A small disk; gone when dropped.
struct Disk(tempfile::TempDir);

impl Disk {
    /// `None` where nothing can be mounted.
    fn mount(size: &str) -> Option<Self> {
        let disk = Self(tempfile::tempdir().expect("a directory"));
        let options = format!("size={size},mode=700");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(disk.path()).status();
        mounted.is_ok_and(|status| status.success()).then_some(disk)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn remount(&self, options: &str) {
        let status = Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(self.path()).status();
        assert!(status.expect("mount runs").success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg(self.path()).status());
    }
}

#[test]
fn a_full_disk_is_told_and_nothing_is_half_done() {
    let Some(disk) = Disk::mount("3m") else {
        println!("not run: no disk can be mounted here");
        return;
    };
    let data = disk.path().join("data");
    let server = Running::start(&data);
    let client = Client::of(&server, server.said("api_key"));
    let (mut dice, mut made, mut refused) = (Dice(5), Vec::new(), 0);
    let create = |dice: &mut Dice| {
        client.create(json!({"name": "k".repeat(90), "extractable": false}), &dice.uuid()).expect("an answer")
    };
    while refused < 20 {
        match create(&mut dice) {
            (201, body) => made.push(body["resources"][0]["id"].as_str().expect("an id").to_owned()),
            (500, body) => {
                assert_eq!(body["resources"][0]["reasons"][0]["code"], "INTERNAL_ERR");
                refused += 1;
            }
            (status, body) => panic!("{status} {body}"),
        }
        assert!(made.len() < 20_000, "it never filled up");
    }
    // It lives, and says that it cannot write.
    assert_eq!(client.send("GET", "/health", &[], "").expect("an answer").0, 200);
    disk.remount("size=64m");
    let (status, body) = create(&mut dice);
    assert_eq!(status, 201, "with room again: {body}");
    for key in &made {
        assert_eq!(client.send("GET", &format!("/api/v2/keys/{key}/metadata"), &[], "").expect("an answer").0, 200);
    }
    let (status, logs) = server.stop();
    assert!(status.success());
    assert!(logs.contains("disk is full") || logs.contains("disk I/O error"), "the reason is in the log: {logs}");
    println!("full after {} keys, {refused} requests refused, {} keys still there", made.len(), made.len());
    assert_sound(&data);
}

#[test]
fn a_disk_that_cannot_be_written_is_named_at_the_start() {
    let Some(disk) = Disk::mount("8m") else {
        println!("not run: no disk can be mounted here");
        return;
    };
    let data: PathBuf = disk.path().join("data");
    Running::start(&data).stop();
    let before = fs::metadata(data.join("keyserver.db")).expect("a database").len();
    disk.remount("ro");
    let mut command = Command::new(env!("CARGO_BIN_EXE_envelock-keyserver"));
    let started = command.args(["--listen", "127.0.0.1:0", "--data"]).arg(&data).stdin(Stdio::null()).output();
    let started = started.expect("it runs");
    let told = String::from_utf8_lossy(&started.stderr);
    assert_eq!(started.status.code(), Some(1), "{told}");
    assert!(told.contains("Read-only file system") || told.contains("readonly"), "{told}");
    disk.remount("rw");
    assert_eq!(fs::metadata(data.join("keyserver.db")).expect("a database").len(), before);
    Running::start(&data).stop();
    assert_sound(&data);
}
