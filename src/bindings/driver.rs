//! The host's side of operations: the loop over steps, `fetch`, timers, clock, randomness, the token callback.
//!
//! *Invariant:* what to send and when to repeat it is never decided here.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use core::cell::{Cell, RefCell};
use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::Poll;

use js_sys::{ArrayBuffer, Date, Function, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::client::WAIT;
use crate::entropy::Entropy;
use crate::error::{Error, ServiceError, ServiceFault};
use crate::flight::{End, Landing};
use crate::operation::{
    Call, Handle, HttpRequest, HttpResponse, Operation, Pending, Request, Response, Step, Unreachable,
};
use crate::secret::Secret;
use crate::time::{Duration, Timestamp};

use super::error::{Failure, set};
use super::platform_key::{unwrap_key, wrap_key};
use super::turn::Turn;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch)]
    fn fetch(url: &str, init: &Object) -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_name = setTimeout)]
    pub(super) fn set_timeout(callback: &Function, milliseconds: f64) -> JsValue;
    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timer: &JsValue);

    type AbortController;
    #[wasm_bindgen(constructor)]
    fn new() -> AbortController;
    #[wasm_bindgen(method, getter)]
    fn signal(this: &AbortController) -> AbortSignal;

    /// The platform's `AbortSignal`.
    #[derive(Clone)]
    pub(super) type AbortSignal;
    #[wasm_bindgen(method, getter)]
    fn aborted(this: &AbortSignal) -> bool;
    #[wasm_bindgen(method, getter)]
    fn reason(this: &AbortSignal) -> JsValue;
    #[wasm_bindgen(method, js_name = addEventListener)]
    fn add_event_listener(this: &AbortSignal, name: &str, listener: &Function, options: &Object);
    #[wasm_bindgen(method, js_name = removeEventListener)]
    fn remove_event_listener(this: &AbortSignal, name: &str, listener: &Function);

    #[wasm_bindgen(js_name = Uint8Array)]
    type ByteArray;
    #[wasm_bindgen(catch, constructor, js_class = "Uint8Array")]
    fn with_length(length: f64) -> Result<ByteArray, JsValue>;

    type FetchResponse;
    #[wasm_bindgen(method, getter)]
    fn status(this: &FetchResponse) -> u16;
    #[wasm_bindgen(method, getter)]
    fn headers(this: &FetchResponse) -> FetchHeaders;
    #[wasm_bindgen(method, catch, js_name = arrayBuffer)]
    fn array_buffer(this: &FetchResponse) -> Result<Promise, JsValue>;

    type FetchHeaders;
    #[wasm_bindgen(method)]
    fn get(this: &FetchHeaders, name: &str) -> Option<String>;
}

/// Randomness of the platform.
pub(super) struct Platform;

impl Entropy for Platform {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        getrandom::fill(bytes).map_err(|_| Error::Internal("the platform gives no randomness"))
    }
}

/// The time by the platform's clock.
pub(super) fn now() -> Timestamp {
    // Milliseconds since 1970: positive, and far below 2^53.
    Timestamp::from_millis(Date::now() as u64)
}

/// What only JavaScript can hold and the core names by its [`Handle`], the place in this list.
pub(super) type Handles = Rc<[JsValue]>;

/// What one call of the caller may do outside: ask for tokens, be aborted, report progress.
pub(super) struct Host {
    handles: Handles,
    pub(super) signal: Option<AbortSignal>,
    pub(super) on_progress: Option<Function>,
    /// What the host threw last, as the cause of the error that the core makes of it.
    thrown: RefCell<Option<JsValue>>,
    turn: Turn,
    done: Cell<u64>,
    total: Cell<Option<u64>>,
}

impl Host {
    pub(super) fn new(handles: Handles, signal: Option<AbortSignal>, on_progress: Option<Function>) -> Self {
        Self {
            handles,
            signal,
            on_progress,
            thrown: RefCell::new(None),
            turn: Turn::new(),
            done: Cell::new(0),
            total: Cell::new(None),
        }
    }

    /// Does what the operation asks for until it is done.
    pub(super) async fn run<T: 'static>(&self, step: Result<Step<Pending<T>>, Error>) -> Result<T, Failure> {
        let output = Rc::new(Cell::new(None));
        let slot = Rc::clone(&output);
        let end = move |result: Result<T, Error>, _| {
            slot.set(Some(result?));
            Ok(Step::Done(()))
        };
        self.drive(step.and_then(|step| step.then(now(), end))).await?;
        output.take().ok_or_else(|| Error::Internal("an operation that is over has an output").into())
    }

    /// The loop itself, of which the module needs one copy only; boxed, so that no caller's future holds it.
    fn drive<'a>(
        &'a self,
        step: Result<Step<Pending<()>>, Error>,
    ) -> Pin<Box<dyn Future<Output = Result<(), Failure>> + 'a>> {
        Box::pin(self.do_each(step))
    }

    async fn do_each(&self, mut step: Result<Step<Pending<()>>, Error>) -> Result<(), Failure> {
        loop {
            self.check_abort()?;
            match step.map_err(|error| self.failure(error))? {
                Step::Done(()) => return Ok(()),
                Step::Send(operation, request) => {
                    // Boxed: what asks for nothing, as a cached data key does, has no need of the room.
                    let reply = Box::pin(self.reply(*request)).await?;
                    step = operation.resume(reply, now());
                }
            }
        }
    }

    /// Does what a request asks for.
    async fn reply(&self, request: Request) -> Result<Result<Response, Unreachable>, Failure> {
        self.sleep(request.delay).await?;
        let reply = match request.call {
            Call::Http(http) => self.send(&http, request.patience).await,
            Call::Token(source) => self.token(source).await,
            Call::WrapKey { kek, key } => async { wrap_key(self.handle(kek)?, &key).await }.await,
            Call::UnwrapKey { kek, wrapped } => async { unwrap_key(self.handle(kek)?, &wrapped).await }.await,
            Call::Wait => Ok(Response::Waited),
        };
        self.check_abort()?;
        Ok(reply.map_err(|thrown| {
            self.thrown.replace(Some(thrown));
            Unreachable
        }))
    }

    /// Says how many bytes the call has in all.
    pub(super) fn expect(&self, total: u64) {
        self.total.set(Some(total));
    }

    /// Reports `more` bytes done. Other tasks get their turn from time to time.
    pub(super) async fn progress(&self, more: u64) -> Result<(), Failure> {
        self.done.set(self.done.get() + more);
        if let Some(on_progress) = &self.on_progress {
            let report = Object::new();
            set(&report, "done", (self.done.get() as f64).into());
            set(&report, "total", self.total.get().map_or(JsValue::UNDEFINED, |total| (total as f64).into()));
            on_progress.call1(&JsValue::UNDEFINED, &report).map_err(Failure::theirs)?;
        }
        self.turn.give_way().await;
        self.check_abort()
    }

    fn failure(&self, error: Error) -> Failure {
        let unreachable = |service: &ServiceError| service.kind == ServiceFault::Unreachable;
        let caused_outside = match &error {
            Error::TokenCallback => true,
            Error::Service(service) => unreachable(service),
            _ => false,
        };
        Failure::ours(&error, self.thrown.take().filter(|_| caused_outside))
    }

    fn check_abort(&self) -> Result<(), Failure> {
        match &self.signal {
            Some(signal) if signal.aborted() => Err(Failure::theirs(signal.reason())),
            _ => Ok(()),
        }
    }

    async fn sleep(&self, duration: Duration) -> Result<(), Failure> {
        if duration.is_zero() { Ok(()) } else { self.timer(duration).await }
    }

    /// Waits for the end of another call's fetch; `None` when it was long enough to look after it.
    pub(super) async fn wait(&self, mut landing: Landing) -> Result<Option<End>, Failure> {
        self.check_abort()?;
        let mut patience = pin!(self.timer(WAIT));
        poll_fn(|context| match Pin::new(&mut landing).poll(context) {
            Poll::Ready(end) => Poll::Ready(Ok(Some(end))),
            Poll::Pending => patience.as_mut().poll(context).map(|over| over.map(|()| None)),
        })
        .await
    }

    /// Waits, but not longer than until the signal is aborted.
    async fn timer(&self, duration: Duration) -> Result<(), Failure> {
        let mut alarm = None;
        let over = Promise::new(&mut |resolve, _| alarm = Some(Alarm::set(resolve, duration, self.signal.as_ref())));
        JsFuture::from(over).await.map_err(Failure::theirs)?;
        self.check_abort()
    }

    /// What the core names by a handle, which it got from the options.
    fn handle(&self, handle: Handle) -> Result<&JsValue, JsValue> {
        self.handles.get(handle.0 as usize).ok_or(JsValue::UNDEFINED)
    }

    async fn token(&self, source: Handle) -> Result<Response, JsValue> {
        let get_token: &Function = self.handle(source)?.dyn_ref().ok_or(JsValue::UNDEFINED)?;
        let token = JsFuture::from(Promise::resolve(&get_token.call0(&JsValue::UNDEFINED)?)).await?;
        let token =
            token.as_string().filter(|token| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()));
        let token =
            token.ok_or_else(|| JsValue::from(js_sys::Error::new("getToken() must give the text of a token")))?;
        Ok(Response::Token(Secret::new(token.into_bytes())))
    }

    /// Sends, and gives up when the caller aborts or patience ends.
    async fn send(&self, request: &HttpRequest, patience: Duration) -> Result<Response, JsValue> {
        let controller = AbortController::new();
        let give_up: Function = Function::from(Reflect::get(&controller, &"abort".into())?).bind0(&controller);
        let timer = set_timeout(&give_up, patience.as_millis() as f64);
        if let Some(signal) = &self.signal {
            signal.add_event_listener("abort", &give_up, &Object::new());
        }
        let response = fetch_whole(request, &controller.signal()).await;
        clear_timeout(&timer);
        if let Some(signal) = &self.signal {
            signal.remove_event_listener("abort", &give_up);
        }
        response
    }
}

/// A timer, and an ear for the caller's signal; both are let go when nobody waits any more.
struct Alarm<'a> {
    timer: JsValue,
    wake: Function,
    signal: Option<&'a AbortSignal>,
}

impl<'a> Alarm<'a> {
    fn set(wake: Function, duration: Duration, signal: Option<&'a AbortSignal>) -> Self {
        if let Some(signal) = signal {
            signal.add_event_listener("abort", &wake, &Object::new());
        }
        Self { timer: set_timeout(&wake, duration.as_millis() as f64), wake, signal }
    }
}

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        clear_timeout(&self.timer);
        if let Some(signal) = self.signal {
            signal.remove_event_listener("abort", &self.wake);
        }
    }
}

/// One HTTP exchange, the whole answer read.
async fn fetch_whole(request: &HttpRequest, signal: &AbortSignal) -> Result<Response, JsValue> {
    let headers = Object::new();
    for (name, value) in &request.headers {
        set(&headers, name, value.into());
    }
    if let Some(token) = &request.bearer {
        // `fetch` takes headers as text only.
        let token = String::from_utf8_lossy(token.expose());
        set(&headers, "authorization", format!("Bearer {token}").into());
    }
    // `fetch` reads the body before it returns; the copy is wiped after the answer.
    let body = Uint8Array::from(request.body.expose());
    let init = Object::new();
    set(&init, "method", "POST".into());
    set(&init, "headers", headers.into());
    set(&init, "body", body.clone().into());
    // A redirect could lead a data key elsewhere. "error" is not known to every runtime.
    set(&init, "redirect", "manual".into());
    if takes_credentials() {
        // A key service is shown the token and nothing else, no cookie of the page.
        set(&init, "credentials", "omit".into());
    }
    set(&init, "signal", signal.into());
    let answer = JsFuture::from(fetch(&request.url, &init)?).await;
    body.fill(0, 0, body.length());
    let answer: FetchResponse = answer?.unchecked_into();
    let buffer: ArrayBuffer = JsFuture::from(answer.array_buffer()?).await?.unchecked_into();
    let bytes = Uint8Array::new(&buffer);
    let body = Secret::new(bytes.to_vec());
    bytes.fill(0, 0, bytes.length());
    Ok(Response::Http(HttpResponse {
        status: answer.status(),
        correlation_id: answer.headers().get("correlation-id"),
        retry_after: answer.headers().get("retry-after"),
        body,
    }))
}

/// Whether `fetch` knows the option `credentials`. workerd, which keeps no cookies, throws at it.
fn takes_credentials() -> bool {
    let prototype = Reflect::get(&js_sys::global(), &"Request".into())
        .and_then(|request| Reflect::get(&request, &"prototype".into()))
        .unwrap_or_default();
    prototype.dyn_ref::<Object>().is_some_and(|prototype| Reflect::has(prototype, &"credentials".into()) == Ok(true))
}

/// A new array of `length` bytes for what is called `what`.
pub(super) fn array(length: u64, what: &str) -> Result<Uint8Array, Failure> {
    // js-sys's own constructor does not catch the error of an allocation that fails.
    ByteArray::with_length(length as f64)
        .map(JsCast::unchecked_into)
        .map_err(|thrown| Failure::ours(&Error::argument(what, "too large for one array in memory"), Some(thrown)))
}
