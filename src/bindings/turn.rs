//! Long work gives way to other tasks of its thread.
//!
//! *Invariant:* it gives way by a task of its own: awaiting what is settled already lets nobody in, and neither do streams
//! whose data is there.

use core::cell::Cell;

use js_sys::{Date, Function, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::JsFuture;

use super::driver::set_timeout;

/// Milliseconds that work goes on for; a third of a frame of a 60 Hz display.
const TURN: f64 = 5.0;
/// One task in so many is a timer's: in Cloudflare's workers messages come before timers, however many there are.
const TIMER: u32 = 2;

#[wasm_bindgen]
extern "C" {
    /// Missing in browsers.
    #[wasm_bindgen(catch, js_name = setImmediate)]
    fn set_immediate(callback: &Function) -> Result<JsValue, JsValue>;

    type MessageChannel;
    #[wasm_bindgen(catch, constructor)]
    fn new() -> Result<MessageChannel, JsValue>;
    #[wasm_bindgen(method, getter)]
    fn port1(this: &MessageChannel) -> MessagePort;
    #[wasm_bindgen(method, getter)]
    fn port2(this: &MessageChannel) -> MessagePort;

    type MessagePort;
    #[wasm_bindgen(method, setter)]
    fn set_onmessage(this: &MessagePort, listener: &Function);
    #[wasm_bindgen(method, js_name = postMessage)]
    fn post_message(this: &MessagePort, message: &JsValue);
    #[wasm_bindgen(method)]
    fn close(this: &MessagePort);
}

/// When one's turn began, and how many there were.
pub(super) struct Turn {
    began: Cell<f64>,
    number: Cell<u32>,
}

impl Turn {
    pub(super) fn new() -> Self {
        Self { began: Cell::new(Date::now()), number: Cell::new(0) }
    }

    /// Lets other tasks run if it is time.
    pub(super) async fn give_way(&self) {
        if Date::now() - self.began.get() >= TURN {
            let number = self.number.get().wrapping_add(1);
            self.number.set(number);
            task(number.is_multiple_of(TIMER)).await;
            self.began.set(Date::now());
        }
    }
}

/// Goes on in a new task. Browsers hold timers back by 4 ms when there are many in a row, so timers are taken seldom.
async fn task(by_timer: bool) {
    let mut channel = None;
    let begun = Promise::new(&mut |resolve, _| {
        if by_timer {
            set_timeout(&resolve, 0.0);
            return;
        }
        if set_immediate(&resolve).is_ok() {
            return;
        }
        match MessageChannel::new() {
            Ok(made) => {
                made.port1().set_onmessage(&resolve);
                made.port2().post_message(&JsValue::NULL);
                channel = Some(made);
            }
            Err(_) => drop(set_timeout(&resolve, 0.0)),
        }
    });
    // Nothing rejects it.
    let _ = JsFuture::from(begun).await;
    if let Some(channel) = channel {
        channel.port1().close();
    }
}
