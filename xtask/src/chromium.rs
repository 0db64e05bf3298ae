//! The browser that the tests drive.
//!
//! *Invariant:* it comes from the system's packages; no test brings a browser of its own.

use crate::{apt, run::Cx};
use anyhow::Result;
use std::path::Path;

/// The browser, as `webdriver.json` names it too.
pub(crate) const BROWSER: &str = "/usr/bin/chromium";
/// Its WebDriver.
pub(crate) const DRIVER: &str = "/usr/bin/chromedriver";

/// Installs both unless they are there.
pub(crate) fn ensure(cx: &Cx) -> Result<()> {
    if Path::new(BROWSER).is_file() && Path::new(DRIVER).is_file() {
        return Ok(());
    }
    apt::ensure(cx, &["chromium", "chromium-driver"], "the tests in a real browser")
}
