//! The WebAssembly module that the npm package ships: the bindings of `envelock`, and what a panic does there.
//!
//! *Invariant:* the module has no standard library, whose texts and tables nobody would see, and exports what the
//! bindings do and nothing else.

#![cfg_attr(target_arch = "wasm32", no_std)]

use envelock as _;

/// A defect ends the call with a trap, which JavaScript sees as a `WebAssembly.RuntimeError`.
#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
