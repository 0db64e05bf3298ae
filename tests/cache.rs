//! Cached data keys as a client uses them, with a host that answers when the test says; on the host and as wasm.

mod support;

use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use envelock::cache::{CacheLimits, Misses};
use envelock::client::{Client, Config, HeldKey, Keyed, Opening, Renewal, Rewrapped};
use envelock::context::EncryptionContext;
use envelock::entropy::Entropy;
use envelock::error::{Error, ServiceError, ServiceFault};
use envelock::flight::{End, Landing};
use envelock::kek::{Kek, RawAes, Unwrapping, Wrapping};
use envelock::keys::{DataKey, Edk};
use envelock::message::{FrameLength, Header, Limits, Opener, Sealed, Sealer};
use envelock::operation::{Call, Operation, Pending, Request, Response, Step, Unreachable};
use envelock::time::{Duration, Timestamp};
use support::{Fixed, context, raw_aes};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// A KEK that takes a call for everything, and does then what raw AES does at once.
struct Remote {
    aes: RawAes,
    /// What the service says besides, as it stands when the call is made.
    says: Rc<RefCell<Says>>,
}

#[derive(Default, Clone)]
struct Says {
    lease: Option<Duration>,
    rotated: bool,
}

/// A call that gives `output` if it is answered.
struct Answer<T>(T);

impl<T> Operation for Answer<T> {
    type Output = T;

    fn resume(self, reply: Result<Response, Unreachable>, _: Timestamp) -> Result<Step<Self>, Error> {
        reply.map(|_| Step::Done(self.0)).map_err(|Unreachable| refusal(ServiceFault::KeyDisabled))
    }
}

fn refusal(kind: ServiceFault) -> Error {
    Error::Service(Box::new(ServiceError { kind, status: None, reason: None, request_id: None }))
}

fn call<T: 'static>(step: Step<Pending<T>>) -> Step<Pending<T>> {
    let Step::Done(output) = step else { panic!("raw AES needs no calls") };
    let request = Request { delay: Duration::ZERO, patience: Duration::from_secs(1), call: Call::Wait };
    Step::Send(Answer(output), Box::new(request)).erase()
}

fn rewrapped(edk: &Edk) -> Edk {
    Edk { ciphertext: b"newer".to_vec(), ..edk.clone() }
}

impl Kek for Remote {
    fn wrap(
        &self,
        key: &DataKey,
        context: &EncryptionContext,
        entropy: &mut dyn Entropy,
        now: Timestamp,
    ) -> Result<Wrapping, Error> {
        Ok(call(self.aes.wrap(key, context, entropy, now)?))
    }

    fn unwrap(
        &self,
        edk: &Edk,
        context: &EncryptionContext,
        entropy: &mut dyn Entropy,
        now: Timestamp,
    ) -> Result<Option<Unwrapping>, Error> {
        let Some(Step::Done(mut unwrapped)) = self.aes.unwrap(edk, context, entropy, now)? else { return Ok(None) };
        let says = self.says.borrow();
        unwrapped.lease = says.lease;
        unwrapped.rewrapped = says.rotated.then(|| rewrapped(edk));
        Ok(Some(call(Step::Done(unwrapped))))
    }

    fn identity(&self) -> [u8; 32] {
        self.aes.identity()
    }
}

const LIMITS: CacheLimits =
    CacheLimits { max_age: Duration::from_secs(60), max_messages: 100, max_bytes: 1000, max_entries: 10 };

/// A client, its clock and its randomness.
struct Bench {
    client: Client,
    says: Rc<RefCell<Says>>,
    entropy: Fixed,
    now: u64,
}

type Sealing = Keyed<Sealed, EncryptionContext>;

impl Bench {
    fn new(limits: Option<CacheLimits>) -> Self {
        let says = Rc::new(RefCell::new(Says::default()));
        let kek = Remote { aes: raw_aes("ns", "name", &[7; 32]), says: Rc::clone(&says) };
        let config = Config::new(kek).frame_length(FrameLength::new(16).expect("frame length"));
        let config = limits.into_iter().fold(config, Config::cache);
        Self { client: Client::new(config).expect("client"), says, entropy: Fixed::counting(), now: 0 }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now)
    }

    fn pass(&mut self, seconds: u64) {
        self.now += 1000 * seconds;
    }

    fn begin_seal(&mut self, tenant: &str, length: Option<u64>) -> Sealing {
        let now = self.now();
        self.client.seal(context(&[("tenant", tenant)]), length, &mut self.entropy, now).expect("sealing begins")
    }

    fn begin_open(&mut self, header: Header) -> Keyed<Opening, Header> {
        let now = self.now();
        self.client.open(header, &EncryptionContext::default(), &mut self.entropy, now).expect("opening begins")
    }

    /// Answers every call of a step; how many there were.
    fn finish<T>(&self, mut step: Step<Pending<T>>) -> (T, usize) {
        let mut calls = 0;
        loop {
            match step {
                Step::Done(output) => return (output, calls),
                Step::Send(operation, _) => {
                    calls += 1;
                    step = operation.resume(Ok(Response::Waited), self.now()).expect("an answer");
                }
            }
        }
    }

    /// A message of `plaintext`, and how many calls it took.
    fn seal(&mut self, tenant: &str, plaintext: &[u8]) -> (Vec<u8>, usize) {
        let (step, renewal) = going(self.begin_seal(tenant, Some(plaintext.len() as u64)));
        assert!(renewal.is_none());
        let (sealed, calls) = self.finish(step);
        (body(sealed, plaintext), calls)
    }

    /// Opens a message; how many calls it took, and the fresh copy of its wrapped key.
    fn open(&mut self, message: &[u8]) -> (Vec<u8>, usize, Option<Rewrapped>) {
        let (step, _) = going(self.begin_open(header(message)));
        let (opening, calls) = self.finish(step);
        let mut plaintext = Vec::new();
        let opener = Opener::new(opening.unlocked).expect("opener");
        let length = header(message).length();
        opener.push(&message[length..], &mut plaintext).and_then(Opener::finish).expect("opened");
        (plaintext, calls, opening.rewrapped)
    }

    fn data_key(&mut self, tenant: &str) -> HeldKey {
        let now = self.now();
        let step = self.client.data_key(context(&[("tenant", tenant)]), &mut self.entropy, now).expect("begins");
        let (key, calls) = self.finish(step);
        assert_eq!(calls, 1);
        key
    }
}

fn body(sealed: Sealed, plaintext: &[u8]) -> Vec<u8> {
    let mut message = sealed.header().to_vec();
    let sealer = Sealer::new(sealed).and_then(|sealer| sealer.push(plaintext, &mut message)).expect("sealer");
    sealer.finish(&mut message).expect("sealed");
    message
}

fn header(message: &[u8]) -> Header {
    Header::parse_whole(message, &Limits::default()).expect("header")
}

fn going<T, Back>(keyed: Keyed<T, Back>) -> (Step<Pending<T>>, Option<Renewal>) {
    match keyed {
        Keyed::Go(step, renewal) => (step, renewal),
        Keyed::Wait(..) => panic!("has to wait"),
    }
}

fn waiting<T, Back>(keyed: Keyed<T, Back>) -> Landing {
    match keyed {
        Keyed::Wait(landing, _) => landing,
        Keyed::Go(..) => panic!("need not wait"),
    }
}

fn is_call<T>(step: &Step<Pending<T>>) -> bool {
    matches!(step, Step::Send(..))
}

fn end(landing: &Landing) -> Option<End> {
    match pin!(landing.clone()).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(end) => Some(end),
        Poll::Pending => None,
    }
}

#[test]
fn without_a_cache_every_message_costs_a_call() {
    let mut bench = Bench::new(None);
    for _ in 0..3 {
        let (message, calls) = bench.seal("a", b"text");
        assert_eq!(calls, 1);
        assert_eq!(bench.open(&message).1, 1);
    }
    assert_eq!(bench.client.stats(), Default::default());
}

#[test]
fn one_call_serves_many_messages_which_all_differ_and_open_anywhere() {
    let mut bench = Bench::new(Some(LIMITS));
    let messages: Vec<_> = (0..5).map(|_| bench.seal("a", b"the same text")).collect();
    assert_eq!(messages.iter().map(|(_, calls)| calls).sum::<usize>(), 1);
    for (one, other) in messages.iter().zip(&messages[1..]) {
        let (one, other) = (header(&one.0), header(&other.0));
        assert_eq!(one.edks(), other.edks());
        assert_ne!(one.message_id(), other.message_id());
    }
    let mut elsewhere = Bench::new(None);
    for (message, _) in &messages {
        assert_eq!(elsewhere.open(message).0, b"the same text");
    }
    let calls: Vec<_> = messages.iter().map(|(message, _)| bench.open(message).1).collect();
    assert_eq!(calls, [1, 0, 0, 0, 0], "the right to seal does not open");
    assert_eq!(bench.seal("b", b"").1, 1, "another context has another data key");
    let stats = bench.client.stats();
    assert_eq!((stats.hits, stats.misses, stats.entries), (8, Misses { absent: 3, ..Misses::default() }, 3));
}

#[test]
fn concurrent_misses_make_one_call() {
    let mut bench = Bench::new(Some(LIMITS));
    let (leader, _) = going(bench.begin_seal("a", Some(4)));
    let landings = [(); 3].map(|()| waiting(bench.begin_seal("a", Some(4))));
    assert!(landings.iter().all(|landing| end(landing).is_none()));
    drop(bench.finish(leader));
    for landing in &landings {
        assert_eq!(end(landing), Some(End::Done));
        assert!(!is_call(&going(bench.begin_seal("a", Some(4))).0));
    }
    assert_eq!((bench.client.stats().joined, bench.client.stats().hits), (3, 3));
}

#[test]
fn a_leader_that_is_aborted_hands_over() {
    let mut bench = Bench::new(Some(LIMITS));
    let (message, _) = bench.seal("a", b"text");
    let (leader, _) = going(bench.begin_open(header(&message)));
    let landing = waiting(bench.begin_open(header(&message)));
    drop(leader);
    assert_eq!(end(&landing), Some(End::GivenUp));
    let (next, _) = going(bench.begin_open(header(&message)));
    assert!(is_call(&next));
    let last = waiting(bench.begin_open(header(&message)));
    drop(bench.finish(next));
    assert_eq!(end(&last), Some(End::Done));
}

#[test]
fn a_leader_that_fails_fails_those_who_asked_the_same() {
    let mut bench = Bench::new(Some(LIMITS));
    let (Step::Send(leader, _), _) = going(bench.begin_seal("a", None)) else { panic!("a call") };
    let landing = waiting(bench.begin_seal("a", None));
    let failure = leader.resume(Err(Unreachable), bench.now()).err();
    assert_eq!(failure, Some(refusal(ServiceFault::KeyDisabled)));
    assert_eq!(end(&landing), failure.map(End::Failed));
    assert!(is_call(&going(bench.begin_seal("a", None)).0), "the next one tries again");
}

#[test]
fn age_and_lease_end_a_data_key() {
    let mut bench = Bench::new(Some(LIMITS));
    let (message, _) = bench.seal("a", b"text");
    assert_eq!(bench.open(&message).1, 1);
    bench.pass(47);
    assert_eq!((bench.seal("a", b"").1, bench.open(&message).1), (0, 0));
    bench.pass(13);
    assert_eq!((bench.seal("a", b"").1, bench.open(&message).1), (1, 1));
    assert_eq!(bench.client.stats().misses.expired, 2);

    bench.says.borrow_mut().lease = Some(Duration::from_secs(10));
    bench.pass(60);
    assert_eq!(bench.open(&message).1, 1);
    bench.pass(7);
    assert_eq!(bench.open(&message).1, 0);
    bench.pass(3);
    assert_eq!(bench.open(&message).1, 1);
    assert_eq!(bench.client.stats().misses.lease, 1);
    assert_eq!(bench.client.sweep(bench.now()), Some(Timestamp::from_millis(bench.now + 10_000)));
}

#[test]
fn time_counts_from_the_question_not_from_the_answer() {
    let mut bench = Bench::new(Some(LIMITS));
    let (step, _) = going(bench.begin_seal("a", Some(1)));
    bench.pass(20);
    drop(bench.finish(step));
    bench.pass(40);
    assert!(is_call(&going(bench.begin_seal("a", Some(1))).0));
}

#[test]
fn a_data_key_that_gets_old_is_renewed_beside_its_use() {
    let mut bench = Bench::new(Some(LIMITS));
    drop(bench.seal("a", b"text"));
    bench.pass(50);
    let (step, renewal) = going(bench.begin_seal("a", Some(1)));
    assert!(!is_call(&step), "not delayed");
    let renewal = renewal.expect("a renewal");
    assert!(is_call(&renewal));
    assert!(going(bench.begin_seal("a", Some(1))).1.is_none(), "one renewal at a time");
    drop(bench.finish(renewal));
    bench.pass(30);
    assert_eq!(bench.seal("a", b"text").1, 0, "the successor is younger");
    assert_eq!(bench.client.stats().refreshes, 1);
}

#[test]
fn a_renewal_that_is_refused_ends_the_data_key_at_once() {
    let mut bench = Bench::new(Some(LIMITS));
    let (message, _) = bench.seal("a", b"text");
    drop(bench.open(&message));
    bench.pass(50);
    let Some(Step::Send(renewal, _)) = going(bench.begin_open(header(&message))).1 else { panic!("a renewal") };
    assert!(renewal.resume(Err(Unreachable), bench.now()).is_err());
    assert!(is_call(&going(bench.begin_open(header(&message))).0));
    assert_eq!(bench.client.stats().refresh_failures, 1);
}

#[test]
fn after_a_rotation_the_fresh_copy_comes_out_once_for_each_call() {
    let mut bench = Bench::new(Some(LIMITS));
    let (message, _) = bench.seal("a", b"text");
    assert_eq!(bench.open(&message).2, None);
    bench.says.borrow_mut().rotated = true;
    assert_eq!(bench.open(&message).2, None, "cached");
    let from = header(&message).edks()[0].clone();
    let fresh = Some(Rewrapped { to: rewrapped(&from), from });
    bench.pass(50);
    let renewal = going(bench.begin_open(header(&message))).1.expect("a renewal");
    assert_eq!(bench.finish(renewal).0, fresh);
    bench.pass(60);
    assert_eq!(bench.open(&message).2, fresh);
}

#[test]
fn a_message_of_unknown_length_counts_as_it_goes() {
    let mut bench = Bench::new(Some(LIMITS));
    let (step, _) = going(bench.begin_seal("a", None));
    let (sealed, _) = bench.finish(step);
    drop(body(sealed, &[0; 990]));
    assert_eq!(bench.seal("a", &[0; 10]).1, 0);
    assert_eq!(bench.seal("a", &[0; 1]).1, 1);
    assert_eq!(bench.client.stats().misses.byte_limit, 1);
    let mut other = Bench::new(Some(LIMITS));
    drop(other.seal("a", &[0; 600]));
    assert_eq!((other.seal("a", &[0; 401]).1, other.seal("a", &[0; 599]).1), (1, 0), "known lengths count before");
    assert_eq!(other.seal("a", &[0; 1001]).1, 1, "longer than any data key may seal");
}

#[test]
fn a_disposed_client_holds_nothing_and_says_so() {
    let mut bench = Bench::new(Some(LIMITS));
    let (message, _) = bench.seal("a", b"text");
    let (under_way, _) = going(bench.begin_open(header(&message)));
    let landing = waiting(bench.begin_open(header(&message)));
    bench.client.dispose();
    drop(bench.finish(under_way));
    assert_eq!(end(&landing), Some(End::Done));
    let now = bench.now();
    let plain = EncryptionContext::default();
    assert_eq!(bench.client.open(header(&message), &plain, &mut bench.entropy, now).err(), Some(Error::Disposed));
    assert_eq!(bench.client.seal(plain.clone(), None, &mut bench.entropy, now).err(), Some(Error::Disposed));
    assert_eq!(bench.client.data_key(plain, &mut bench.entropy, now).err(), Some(Error::Disposed));
    assert_eq!((bench.client.stats().entries, bench.client.sweep(now)), (0, None));
    assert_eq!(Error::Disposed.code(), "ERR_DISPOSED");
}

#[test]
fn a_data_key_at_hand_seals_messages_that_any_client_opens() {
    let mut bench = Bench::new(None);
    let key = bench.data_key("a");
    let entropy = &mut Fixed::counting();
    for length in [0, 1, 15, 16, 17, 32, 33, 500] {
        let plaintext: Vec<u8> = (0..length).map(|at| at as u8).collect();
        let message = key.seal(&plaintext, entropy).expect("sealed");
        assert_eq!(key.open(&message).expect("opened"), plaintext);
        assert_eq!(bench.open(&message).0, plaintext);
        let header = header(&message);
        assert_eq!(*header.context(), context(&[("tenant", "a")]));
        let layout =
            envelock::message::Layout::of_plaintext(length, header.frame_length().expect("frames")).expect("layout");
        assert_eq!(message.len() as u64, header.length() as u64 + layout.body_length);
    }
    let (one, other) = (key.seal(b"x", entropy).expect("sealed"), key.seal(b"x", entropy).expect("sealed"));
    assert_ne!(header(&one).message_id(), header(&other).message_id());
}

#[test]
fn a_data_key_at_hand_refuses_what_is_not_its_own() {
    let mut bench = Bench::new(None);
    let key = bench.data_key("a");
    let entropy = &mut Fixed::counting();
    let message = key.seal(&[5; 40], entropy).expect("sealed");
    let foreign = bench.data_key("a").seal(b"x", entropy).expect("sealed");
    let (cached, _) = bench.seal("a", b"text");
    for other in [&foreign, &cached] {
        assert_eq!(key.open(other), Err(Error::OtherDataKey));
    }
    assert_eq!(Error::OtherDataKey.code(), "ERR_OTHER_DATA_KEY");
    for cut in 0..message.len() {
        assert_eq!(key.open(&message[..cut]), Err(Error::Truncated), "cut to {cut}");
    }
    assert_eq!(key.open(&[message.as_slice(), b"x"].concat()), Err(Error::TrailingData));
    for at in 0..message.len() {
        let mut damaged = message.clone();
        damaged[at] ^= 1;
        assert!(key.open(&damaged).is_err(), "byte {at}");
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod schedules {
    //! Many callers in every order, some of them aborted: all who stay get their message.

    use proptest::prelude::*;

    use super::*;

    enum Caller {
        Asks,
        Calls(Pending<Sealed>),
        Waits(Landing),
        Over,
    }

    proptest! {
        #[test]
        fn nobody_waits_for_ever(
            turns in prop::collection::vec((0..8usize, 0..10u8), 0..200),
            max_messages in 1..9u64,
        ) {
            let mut bench = Bench::new(Some(CacheLimits { max_messages, ..LIMITS }));
            let mut callers: Vec<_> = (0..8).map(|_| Caller::Asks).collect();
            // After the random turns everybody gets as many as it takes.
            let rest = (0..8 * 40).map(|turn| (turn % 8, 9));
            for (at, luck) in turns.into_iter().chain(rest) {
                callers[at] = match std::mem::replace(&mut callers[at], Caller::Over) {
                    Caller::Asks => match bench.begin_seal("a", Some(1)) {
                        Keyed::Go(Step::Done(_), _) => Caller::Over,
                        Keyed::Go(Step::Send(operation, _), _) => Caller::Calls(operation),
                        Keyed::Wait(landing, _) => Caller::Waits(landing),
                    },
                    Caller::Calls(_) if luck == 0 => Caller::Over,
                    Caller::Calls(operation) if luck > 4 => {
                        let reply = if luck > 5 { Ok(Response::Waited) } else { Err(Unreachable) };
                        _ = operation.resume(reply, bench.now());
                        Caller::Over
                    }
                    Caller::Waits(landing) => match end(&landing) {
                        None => Caller::Waits(landing),
                        Some(End::Done | End::GivenUp) => Caller::Asks,
                        Some(End::Failed(error)) => {
                            prop_assert_eq!(error, refusal(ServiceFault::KeyDisabled));
                            Caller::Over
                        }
                    },
                    caller => caller,
                };
            }
            prop_assert!(callers.iter().all(|caller| matches!(caller, Caller::Over)), "somebody still waits");
        }
    }
}
