//! The browsers that the tests start.
//!
//! *Invariant:* they come from the system's packages; no test brings a browser of its own.

use crate::{
    apt,
    run::{Cx, on_path},
};
use anyhow::Result;
use std::path::Path;

/// Chromium, as `webdriver.json` names it too.
pub(crate) const CHROMIUM: &str = "/usr/bin/chromium";
/// Its WebDriver.
pub(crate) const CHROMEDRIVER: &str = "/usr/bin/chromedriver";
/// Firefox with extended support.
pub(crate) const FIREFOX: &str = "/usr/bin/firefox-esr";

/// WebKitGTK's own browser; it is not meant for the PATH.
pub(crate) fn webkit() -> String {
    format!("/usr/lib/{}-linux-gnu/webkit2gtk-4.1/MiniBrowser", std::env::consts::ARCH)
}

/// Installs Chromium and its driver unless they are there.
pub(crate) fn ensure_chromium(cx: &Cx) -> Result<()> {
    if Path::new(CHROMIUM).is_file() && Path::new(CHROMEDRIVER).is_file() {
        return Ok(());
    }
    apt::ensure(cx, &["chromium", "chromium-driver"], "the tests in a real browser")
}

/// Installs every browser that is not there, and the display that one of them needs.
pub(crate) fn ensure(cx: &Cx) -> Result<()> {
    ensure_chromium(cx)?;
    if [FIREFOX, &webkit()].into_iter().all(|program| Path::new(program).is_file()) && on_path("Xvfb") {
        return Ok(());
    }
    apt::ensure(cx, &["firefox-esr", "webkit2gtk-driver", "xvfb"], "the tests in every browser engine")
}
