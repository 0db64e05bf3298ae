//! A client with what happens around its data keys: waiting for another call's, renewing beside a call, wiping in time,
//! telling of rotations.
//!
//! *Invariant:* nothing here delays or fails a call but the wait for a key that it needs.

use alloc::rc::{Rc, Weak};
use core::cell::Cell;

use js_sys::{Function, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};

use crate::client::{Client, HeldKey, Keyed, Renewal, Rewrapped};
use crate::context::EncryptionContext;
use crate::flight::End;
use crate::keys::Edk;
use crate::message::{Header, Limits, Sealed, Unlocked};
use crate::time::Timestamp;

use super::driver::{Handles, Host, Platform, now, set_timeout};
use super::error::{Failure, set};

/// Timers take 31 bits of milliseconds; those set for longer would go off at once.
const LONGEST_TIMER: f64 = i32::MAX as f64;

/// The client of a binding, shared by all calls under way.
pub(super) struct Keeper {
    client: Client,
    handles: Handles,
    on_rewrapped: Option<Function>,
    callback_errors: Cell<u32>,
    /// When the timer goes off that wipes what is over.
    sweep_at: Cell<Option<Timestamp>>,
}

impl Keeper {
    pub(super) fn new(client: Client, handles: Handles, on_rewrapped: Option<Function>) -> Rc<Self> {
        let (callback_errors, sweep_at) = Default::default();
        Rc::new(Self { client, handles, on_rewrapped, callback_errors, sweep_at })
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn limits(&self) -> &Limits {
        self.client.limits()
    }

    /// Starts a message of `length` bytes, if that is known.
    pub(super) async fn seal(
        self: &Rc<Self>,
        host: &Host,
        mut context: EncryptionContext,
        length: Option<u64>,
    ) -> Result<Sealed, Failure> {
        loop {
            match self.client.seal(context, length, &mut Platform, now())? {
                Keyed::Go(step, renewal) => {
                    self.renew(renewal);
                    let sealed = host.run(Ok(step)).await;
                    self.sweep_in_time();
                    return sealed;
                }
                Keyed::Wait(landing, back) => {
                    if let Some(End::Failed(error)) = host.wait(landing).await? {
                        return Err(error.into());
                    }
                    context = back;
                }
            }
        }
    }

    /// Unlocks a message's header.
    pub(super) async fn open(
        self: &Rc<Self>,
        host: &Host,
        mut header: Header,
        expected: &EncryptionContext,
    ) -> Result<Unlocked, Failure> {
        loop {
            match self.client.open(header, expected, &mut Platform, now())? {
                Keyed::Go(step, renewal) => {
                    self.renew(renewal);
                    let opening = host.run(Ok(step)).await;
                    self.sweep_in_time();
                    let opening = opening?;
                    self.tell(opening.rewrapped);
                    return Ok(opening.unlocked);
                }
                Keyed::Wait(landing, back) => {
                    if let Some(End::Failed(error)) = host.wait(landing).await? {
                        return Err(error.into());
                    }
                    header = back;
                }
            }
        }
    }

    /// Makes a data key for the caller's hands.
    pub(super) async fn data_key(&self, host: &Host, context: EncryptionContext) -> Result<HeldKey, Failure> {
        host.run(self.client.data_key(context, &mut Platform, now())).await
    }

    /// What the cache did so far, and how often `onRewrapped` failed.
    pub(super) fn stats(&self) -> Object {
        let stats = self.client.stats();
        let object = |numbers: &[(&str, u64)]| {
            let object = Object::new();
            for (name, number) in numbers {
                // Counts of what happened stay far below 2^53.
                set(&object, name, (*number as f64).into());
            }
            object
        };
        let all = object(&[
            ("hits", stats.hits),
            ("joined", stats.joined),
            ("evictions", stats.evictions),
            ("refreshes", stats.refreshes),
            ("refreshFailures", stats.refresh_failures),
            ("entries", stats.entries as u64),
            ("callbackErrors", self.callback_errors.get().into()),
        ]);
        let misses = object(&[
            ("absent", stats.misses.absent),
            ("expired", stats.misses.expired),
            ("lease", stats.misses.lease),
            ("messageLimit", stats.misses.message_limit),
            ("byteLimit", stats.misses.byte_limit),
            ("evicted", stats.misses.evicted),
        ]);
        set(&all, "misses", misses.into());
        all
    }

    /// Wipes all keys.
    pub(super) fn dispose(&self) {
        self.client.dispose();
    }

    /// Does a renewal beside the call that found it due. Its failure is in the numbers of the cache.
    fn renew(self: &Rc<Self>, renewal: Option<Renewal>) {
        let Some(step) = renewal else { return };
        let keeper = Rc::clone(self);
        spawn_local(async move {
            let host = Host::new(Rc::clone(&keeper.handles), None, None);
            if let Ok(rewrapped) = host.run(Ok(step)).await {
                keeper.tell(rewrapped);
            }
            keeper.sweep_in_time();
        });
    }

    /// Hands a fresh copy of a wrapped data key to the caller, who may take a while over it.
    fn tell(self: &Rc<Self>, rewrapped: Option<Rewrapped>) {
        let (Some(rewrapped), Some(on_rewrapped)) = (rewrapped, &self.on_rewrapped) else { return };
        let report = Object::new();
        set(&report, "from", entry(&rewrapped.from));
        set(&report, "to", entry(&rewrapped.to));
        let told = on_rewrapped.call1(&JsValue::UNDEFINED, &report);
        let keeper = Rc::clone(self);
        spawn_local(async move {
            let failed = match told {
                Ok(result) => JsFuture::from(Promise::resolve(&result)).await.is_err(),
                Err(_) => true,
            };
            if failed {
                keeper.callback_errors.set(keeper.callback_errors.get().saturating_add(1));
            }
        });
    }

    /// Sees to it that no data key outlives its time because nobody asks for one.
    fn sweep_in_time(self: &Rc<Self>) {
        let now = now();
        let Some(next) = self.client.sweep(now) else { return };
        // A timer that is overdue was dropped by the runtime together with the request it was set in.
        if self.sweep_at.get().is_some_and(|at| now < at && at <= next) {
            return;
        }
        self.sweep_at.set(Some(next));
        let keeper = Rc::downgrade(self);
        let sweep = Closure::once_into_js(move || {
            if let Some(keeper) = Weak::upgrade(&keeper) {
                keeper.sweep_at.set(None);
                keeper.sweep_in_time();
            }
        });
        // Not before its time: the clock counts whole milliseconds. One that goes off early is set again.
        let delay = (next.since(now).as_millis() as f64 + 1.0).min(LONGEST_TIMER);
        leave_free(&set_timeout(sweep.unchecked_ref(), delay));
    }
}

/// Lets a process end although this timer waits, where a runtime asks for that.
fn leave_free(timer: &JsValue) {
    let member = |object: &JsValue, name: &str| Reflect::get(object, &name.into()).unwrap_or_default();
    if let Some(unref) = member(timer, "unref").dyn_ref::<Function>() {
        // Fails only where the timer is none of the platform's own.
        _ = unref.call0(timer);
        return;
    }
    let deno = member(&js_sys::global(), "Deno");
    if let Some(unref) =
        deno.is_object().then(|| member(&deno, "unrefTimer")).and_then(|f| f.dyn_into::<Function>().ok())
    {
        _ = unref.call1(&deno, timer);
    }
}

fn entry(edk: &Edk) -> JsValue {
    let object = Object::new();
    set(&object, "providerId", edk.provider_id.as_str().into());
    set(&object, "providerInfo", Uint8Array::from(edk.provider_info.as_slice()).into());
    set(&object, "ciphertext", Uint8Array::from(edk.ciphertext.as_slice()).into());
    object.into()
}
