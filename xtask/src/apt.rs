//! Debian packages: installed where we may, named exactly where we may not.
//!
//! *Invariant:* nothing is installed that is already there, and nothing is ever removed.

use crate::run::{Cx, on_path};
use anyhow::{Context, Result, bail};

/// Is this a machine whose packages come from apt?
pub(crate) fn available() -> bool {
    on_path("apt-get") && on_path("dpkg-query")
}

/// Makes sure that the packages are installed; `why` finishes the sentence "needed for …".
pub(crate) fn ensure(cx: &Cx, packages: &[&str], why: &str) -> Result<()> {
    let missing: Vec<&str> = packages.iter().copied().filter(|package| !installed(cx, package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    if !available() {
        bail!("{list} needed for {why}; this is not a Debian machine, so install the equivalent by hand and try again");
    }
    if !rustix::process::geteuid().is_root() {
        bail!(
            "Debian packages are needed for {why}. Type this, then try again:\n    \
             sudo apt-get update && sudo apt-get install -y --no-install-recommends {list}"
        );
    }
    cx.say(format!("Installing Debian packages for {why}: {list}"));
    let quiet = |args: &[&str]| cx.cmd("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args(args).output_text();
    quiet(&["update", "-q"]).context("`apt-get update` failed; is the network up?")?;
    let install = ["install", "-y", "-q", "--no-install-recommends"];
    quiet(&[&install[..], &missing[..]].concat()).with_context(|| format!("Debian has no usable {list}"))?;
    Ok(())
}

/// Makes sure that programs are there, each named with the package that it is in; `why` as above.
pub(crate) fn ensure_programs(cx: &Cx, programs: &[(&str, &str)], why: &str) -> Result<()> {
    let missing: Vec<&str> =
        programs.iter().filter(|(program, _)| !on_path(program)).map(|(_, package)| *package).collect();
    ensure(cx, &missing, why)
}

fn installed(cx: &Cx, package: &str) -> bool {
    let status = cx.cmd("dpkg-query").args(["--show", "--showformat", "${db:Status-Status}", package]).output_text();
    status.is_ok_and(|status| status == "installed")
}
