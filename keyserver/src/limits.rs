//! How often somebody may ask.
//!
//! *Invariant:* knows pace only: it is measured by the machine's monotonic clock, which no change of the time of day moves, and
//! decides nothing but whether a request has to wait.

use std::{
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    time::Duration,
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, MonotonicClock},
    state::keyed::DashMapStateStore,
};

use crate::error::Error;

/// Requests a second; 0 is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rates {
    /// Of one caller with a valid token.
    pub caller: u32,
    /// Of one source address without one.
    pub address: u32,
    /// Of one source address, for tokens and sign-ins.
    pub sign_in: u32,
}

/// So many seconds' worth may come at once.
const BURST_SECONDS: u32 = 5;
/// Between two events that say that the same caller or address is refused.
const TOLD_EVERY: Duration = Duration::from_secs(60);

type Keyed<K> = RateLimiter<K, DashMapStateStore<K>, MonotonicClock>;

/// Whom a limit is counted for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Asker {
    /// A caller with a valid token, by IAM id.
    Caller(String),
    /// A source address; `None` where the connection has none.
    Address(Option<IpAddr>),
    /// A source address that asks for tokens or sign-ins.
    SignIn(Option<IpAddr>),
}

impl Asker {
    /// Which limit counts for it.
    pub(crate) const fn limit(&self) -> &'static str {
        match self {
            Self::Caller(_) => "caller",
            Self::Address(_) => "address",
            Self::SignIn(_) => "sign-in",
        }
    }
}

/// What everybody has asked lately.
pub(crate) struct RateLimits {
    caller: Option<Keyed<Asker>>,
    address: Option<Keyed<Asker>>,
    sign_in: Option<Keyed<Asker>>,
    told: Keyed<Asker>,
}

impl RateLimits {
    /// Nobody has asked yet.
    pub(crate) fn new(rates: Rates) -> Self {
        let Rates { caller, address, sign_in } = rates;
        let told = Quota::with_period(TOLD_EVERY).expect("not zero");
        Self {
            caller: limiter(caller),
            address: limiter(address),
            sign_in: limiter(sign_in),
            told: RateLimiter::dashmap_with_clock(told, MonotonicClock),
        }
    }

    /// Whether there is a limit for callers, so that it matters who asks.
    pub(crate) fn limits_callers(&self) -> bool {
        self.caller.is_some()
    }

    /// Counts one request. [`Error::TooManyRequests`] if there were too many; that one is not counted.
    pub(crate) fn count(&self, asker: &Asker) -> Result<(), Error> {
        let limiter = match asker {
            Asker::Caller(_) => &self.caller,
            Asker::Address(_) => &self.address,
            Asker::SignIn(_) => &self.sign_in,
        };
        let Some(limiter) = limiter else { return Ok(()) };
        limiter.check_key(asker).map_err(|wait| {
            let wait = wait.wait_time_from(MonotonicClock.now());
            // Rounded up: who asks again in that time is refused again.
            Error::TooManyRequests { seconds: u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1) }
        })
    }

    /// Whether a refusal is to be recorded: the first one in a while. The others would only fill the trail.
    pub(crate) fn tell(&self, asker: &Asker) -> bool {
        self.told.check_key(asker).is_ok()
    }

    /// Forgets those who could ask as much as if they never had.
    pub(crate) fn forget(&self) {
        let limiters = [&self.caller, &self.address, &self.sign_in].into_iter().flatten();
        for limiter in limiters.chain([&self.told]) {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }
}

fn limiter<K: Hash + Eq + Clone>(rate: u32) -> Option<Keyed<K>> {
    let rate = NonZeroU32::new(rate)?;
    let quota = Quota::per_second(rate).allow_burst(rate.saturating_mul(NonZeroU32::new(BURST_SECONDS)?));
    Some(RateLimiter::dashmap_with_clock(quota, MonotonicClock))
}

/// What counts as one source: an IPv6 network of 64 bits is handed out as a whole, so that its owner has all addresses in it.
pub(crate) fn source(address: Option<IpAddr>) -> Option<IpAddr> {
    address.map(|address| match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
    })
}

#[cfg(test)]
mod tests {
    use super::{Asker, RateLimits, Rates, source};
    use crate::error::Error;

    fn asker(name: &str) -> Asker {
        Asker::Caller(name.to_owned())
    }

    #[test]
    fn a_burst_passes_and_what_follows_waits_each_for_itself() {
        let limits = RateLimits::new(Rates { caller: 1, ..Rates::default() });
        for _ in 0..5 {
            limits.count(&asker("a")).expect("within the burst");
        }
        let Err(Error::TooManyRequests { seconds }) = limits.count(&asker("a")) else { panic!("refused") };
        assert_eq!(seconds, 1);
        limits.count(&asker("b")).expect("another caller");
        limits.count(&Asker::SignIn(None)).expect("no limit");
    }

    #[test]
    fn a_refusal_is_told_once_a_while() {
        let limits = RateLimits::new(Rates::default());
        assert!(limits.tell(&asker("a")));
        assert!(!limits.tell(&asker("a")));
        assert!(limits.tell(&asker("b")));
    }

    #[test]
    fn those_who_are_quiet_are_forgotten() {
        let limits = RateLimits::new(Rates { caller: 1000, ..Rates::default() });
        limits.count(&asker("a")).expect("counted");
        std::thread::sleep(std::time::Duration::from_millis(20));
        limits.forget();
        assert_eq!(limits.caller.expect("a limit").len(), 0);
    }

    #[test]
    fn an_ipv6_network_is_one_source() {
        let of = |text: &str| source(Some(text.parse().expect("an address")));
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.2"), of("192.0.2.1"));
    }
}
