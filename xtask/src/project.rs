//! Where things are: the repository, the build output, the versions that the lock file fixes.
//!
//! *Invariant:* paths are derived here and nowhere else, and nothing is created by asking for one.

use crate::run::Cx;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// The target triple of the module that ships.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// The checkout and its output folders.
#[derive(Clone)]
pub(crate) struct Project {
    root: PathBuf,
    cargo_target: PathBuf,
}

impl Project {
    /// Finds the checkout from the place this program was compiled in.
    pub(crate) fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask/ has no parent folder")?.to_owned();
        let cargo_target = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(dir) => root.join(dir),
            None => root.join("target"),
        };
        Ok(Self { root, cargo_target })
    }

    /// A path inside the checkout.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// The checkout itself.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Cargo's output folder.
    pub(crate) fn cargo_target(&self) -> &Path {
        &self.cargo_target
    }

    /// The assembled npm package.
    pub(crate) fn package(&self) -> PathBuf {
        self.path("target/npm/envelock")
    }

    /// The release key server.
    pub(crate) fn keyserver(&self) -> PathBuf {
        self.cargo_target.join("release").join(format!("envelock-keyserver{}", std::env::consts::EXE_SUFFIX))
    }

    /// Programs installed for this checkout alone.
    pub(crate) fn tools_bin(&self) -> PathBuf {
        self.path("target/tools/bin")
    }
}

/// The version of a package as `Cargo.lock` and the manifests have it.
pub(crate) fn version_of(cx: &Cx, package: &str) -> Result<String> {
    let id = cx.cargo().args(["pkgid", "--package", package]).output_text()?;
    let version = id.trim().rsplit(['@', '#']).next().unwrap_or_default();
    anyhow::ensure!(version.starts_with(|c: char| c.is_ascii_digit()), "`cargo pkgid {package}` answered {id:?}");
    Ok(version.to_owned())
}
