//! Makes a change of the console rebuild the server that embeds it.
//!
//! *Invariant:* builds nothing itself; a console that was not built is an empty directory.

use std::{env, fs, path::PathBuf};

fn main() {
    let manifest = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).expect("set by cargo");
    let dist = manifest.join("../www/dist");
    // Cargo reruns this for ever while a watched path is missing, so it is made to exist; an unwritable tree only costs that.
    fs::create_dir_all(&dist).ok();
    println!("cargo::rerun-if-changed={}", dist.display());
}
