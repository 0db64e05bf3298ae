//! Remembers what a step was last made from, so that it is done again only when something changed.
//!
//! *Invariant:* a stamp is written after the work and never before it, so an interrupted step is done again.

use crate::run::Cx;
use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Everything a step depends on, hashed: contents and paths, never times.
pub(crate) struct Inputs {
    hash: Sha256,
    root: PathBuf,
}

impl Inputs {
    /// No input yet.
    pub(crate) fn new(cx: &Cx) -> Self {
        Self { hash: Sha256::new(), root: cx.project.root().to_owned() }
    }

    /// A word that matters, such as a version.
    pub(crate) fn text(mut self, text: &str) -> Self {
        self.add(b"text", text.as_bytes());
        self
    }

    /// A file or a whole folder inside the checkout; folders named in `skip` are left out. What is absent counts as absent.
    pub(crate) fn tree(mut self, relative: &str, skip: &[&str]) -> Result<Self> {
        let mut files = Vec::new();
        collect(&self.root.join(relative), skip, &mut files)?;
        files.sort();
        for file in files {
            let name = file.strip_prefix(&self.root).unwrap_or(&file).to_string_lossy().into_owned();
            let contents = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            self.add(name.as_bytes(), &contents);
        }
        Ok(self)
    }

    /// A file anywhere.
    pub(crate) fn file(mut self, path: &Path) -> Result<Self> {
        let contents = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        self.add(b"file", &contents);
        Ok(self)
    }

    fn add(&mut self, name: &[u8], contents: &[u8]) {
        for part in [name, contents] {
            self.hash.update((part.len() as u64).to_be_bytes());
            self.hash.update(part);
        }
    }

    fn finish(self) -> String {
        self.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Does the work unless all outputs exist and were made from the same inputs. Says whether it was done.
pub(crate) fn when_changed(
    cx: &Cx,
    name: &str,
    inputs: Inputs,
    outputs: &[&Path],
    work: impl FnOnce() -> Result<()>,
) -> Result<bool> {
    let stamp = cx.project.path("target/xtask/stamps").join(name);
    let now = inputs.finish();
    if outputs.iter().all(|output| output.exists()) && fs::read_to_string(&stamp).is_ok_and(|then| then == now) {
        return Ok(false);
    }
    // Removed first: work that is interrupted half-way must not look done because the old inputs came back.
    let _ = fs::remove_file(&stamp);
    work()?;
    fs::create_dir_all(cx.project.path("target/xtask/stamps"))?;
    fs::write(&stamp, now).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(true)
}

fn collect(path: &Path, skip: &[&str], files: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_file() {
        files.push(path.to_owned());
    } else if path.is_dir() {
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            if !skip.iter().any(|name| entry.file_name() == *name) {
                collect(&entry.path(), skip, files)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Project;

    #[test]
    fn moving_a_byte_between_two_inputs_changes_the_hash() {
        let cx = Cx::new(Project::find().expect("project"));
        let one = Inputs::new(&cx).text("ab").text("c").finish();
        let two = Inputs::new(&cx).text("a").text("bc").finish();
        assert_ne!(one, two);
        assert_eq!(one, Inputs::new(&cx).text("ab").text("c").finish());
    }
}
