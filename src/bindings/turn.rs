//! Long work gives way to other tasks of its thread.
//!
//! *Invariant:* it gives way by a task of its own: awaiting what is settled already lets nobody in, and neither do streams
//! whose data is there.

use std::cell::Cell;

use js_sys::{Date, Function, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::JsFuture;

use super::driver::set_timeout;

/// Milliseconds that work goes on for; a third of a frame of a 60 Hz display.
const TURN: f64 = 5.0;

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

/// When one's turn began.
pub(super) struct Turn(Cell<f64>);

impl Turn {
    pub(super) fn new() -> Self {
        Self(Cell::new(Date::now()))
    }

    /// Lets other tasks run if it is time.
    pub(super) async fn give_way(&self) {
        if Date::now() - self.0.get() >= TURN {
            task().await;
            self.0.set(Date::now());
        }
    }
}

/// Goes on in a new task. Browsers hold timers back by 4 ms when there are many, so they are the last resort.
async fn task() {
    let mut channel = None;
    let begun = Promise::new(&mut |resolve, _| {
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
