//! Which engine runs AES for a message.
//!
//! *Invariant:* the choice changes how long a call takes and never what it gives.

use crate::error::Error;

/// What the caller asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EngineChoice {
    /// The faster one for the message's size.
    #[default]
    Auto,
    /// AES in plain Rust.
    Soft,
    /// AES of the platform.
    Platform,
}

/// The kinds of host, as far as their speed differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runtime {
    /// Browsers, and whatever is not known.
    Browser,
    /// Node.
    Node,
    /// Deno.
    Deno,
    /// Bun.
    Bun,
    /// Edge workers.
    Edge,
}

/// An engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineKind {
    /// AES in plain Rust.
    Soft,
    /// AES of the platform.
    Platform,
}

impl EngineChoice {
    /// The engine for a message of `length` bytes, `None` where nobody knows yet how long it gets.
    ///
    /// # Errors
    /// [`Error::NoPlatformEngine`] if the caller insists on the platform's engine and `available` is false.
    pub fn choose(self, runtime: Runtime, available: bool, length: Option<u64>) -> Result<EngineKind, Error> {
        match self {
            Self::Soft => Ok(EngineKind::Soft),
            Self::Platform if available => Ok(EngineKind::Platform),
            Self::Platform => Err(Error::NoPlatformEngine),
            Self::Auto if available && length.is_none_or(|length| length >= runtime.crossover()) => {
                Ok(EngineKind::Platform)
            }
            Self::Auto => Ok(EngineKind::Soft),
        }
    }
}

impl Runtime {
    /// The message length, in bytes, from which the platform's AES is faster in spite of the cost of each call to it.
    ///
    /// Measured with `cargo xtask bench crossover` on Node 20, Deno 2.9, Bun 1.4, Chromium 156 and workerd 2026-04-26: about
    /// where sealing and opening take equally long either way. What holds for workerd is taken for every edge worker.
    fn crossover(self) -> u64 {
        match self {
            Self::Browser => 3 * 1024,
            Self::Node => 16 * 1024,
            Self::Deno => 12 * 1024,
            Self::Bun => 6 * 1024,
            Self::Edge => 2 * 1024,
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn the_platform_is_for_what_is_long_and_only_where_it_is() {
        let auto = |available, length| EngineChoice::Auto.choose(Runtime::Node, available, length);
        let crossover = Runtime::Node.crossover();
        assert_eq!(auto(true, Some(crossover)), Ok(EngineKind::Platform));
        assert_eq!(auto(true, Some(crossover - 1)), Ok(EngineKind::Soft));
        assert_eq!(auto(true, None), Ok(EngineKind::Platform), "streams");
        assert_eq!(auto(false, None), Ok(EngineKind::Soft));
        assert_eq!(auto(false, Some(u64::MAX)), Ok(EngineKind::Soft));
    }

    #[test]
    fn what_the_caller_insists_on_is_taken_or_refused() {
        let choose = |choice: EngineChoice, available, length| choice.choose(Runtime::Browser, available, Some(length));
        assert_eq!(choose(EngineChoice::Soft, true, u64::MAX), Ok(EngineKind::Soft));
        assert_eq!(choose(EngineChoice::Platform, true, 0), Ok(EngineKind::Platform));
        assert_eq!(choose(EngineChoice::Platform, false, 0), Err(Error::NoPlatformEngine));
    }
}
