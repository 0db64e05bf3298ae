//! What keeps the process's memory out of files.
//!
//! *Invariant:* only takes away from what others may do with this process.

use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};

/// No core dump of this process, as it would hold keys; and, on Linux, no other process of the same user may look into it.
pub fn without_core_dumps() -> io::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(())
}
