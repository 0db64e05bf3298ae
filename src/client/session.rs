//! A caller's identity at one key service: its token, kept, renewed ahead and fetched once for all who wait.
//!
//! *Invariant:* of all calls that need a new token only one fetches it, and none waits for a call that was given up.

use alloc::rc::{Rc, Weak};
use core::cell::{OnceCell, RefCell};

use crate::auth::{AccessToken, ApiKey, Auth};
use crate::error::Error;
use crate::operation::Handle;
use crate::secret::Secret;
use crate::time::Timestamp;

/// An identity and its current token.
pub(super) struct Session {
    auth: Auth,
    token: RefCell<Option<AccessToken>>,
    flight: RefCell<Rc<Flight>>,
}

/// A token on its way, as the calls that wait for it see it.
#[derive(Default)]
pub(super) struct Flight {
    /// Gone when the call that fetches is over or was given up.
    owner: Weak<()>,
    failure: OnceCell<Error>,
}

/// The right, and the duty, to fetch the session's next token.
pub(super) struct Fetching {
    _owner: Rc<()>,
    flight: Rc<Flight>,
}

/// How a call comes to its token.
pub(super) enum Pass<'a> {
    /// Here it is.
    Token(Rc<Secret>),
    /// The caller's token source has it.
    Ask(Handle),
    /// It is this call's turn to fetch one.
    Fetch(&'a ApiKey, Fetching),
    /// Another call fetches one.
    Wait(Rc<Flight>),
}

impl Session {
    pub(super) fn new(auth: Auth) -> Self {
        Self { auth, token: RefCell::default(), flight: RefCell::default() }
    }

    pub(super) fn identity(&self) -> [u8; 32] {
        self.auth.identity()
    }

    /// What a call has to do for a token. One that is getting old is renewed by one call while the others use it.
    pub(super) fn pass(&self, now: Timestamp) -> Pass<'_> {
        let api_key = match &self.auth {
            Auth::Bearer(source) => return Pass::Ask(*source),
            Auth::ApiKey(api_key) => api_key,
        };
        let mut flight = self.flight.borrow_mut();
        let fetching = flight.owner.strong_count() > 0;
        match self.token.borrow().as_ref().filter(|token| token.is_alive(now)) {
            Some(token) if fetching || token.is_fresh(now) => Pass::Token(Rc::clone(&token.value)),
            _ if fetching => Pass::Wait(Rc::clone(&flight)),
            _ => {
                let owner = Rc::new(());
                *flight = Rc::new(Flight { owner: Rc::downgrade(&owner), failure: OnceCell::new() });
                Pass::Fetch(api_key, Fetching { _owner: owner, flight: Rc::clone(&flight) })
            }
        }
    }

    /// As [`pass`](Self::pass), for a call that waited for `flight`.
    ///
    /// # Errors
    /// The failure of the call that fetched: asking the identity service again at once would only add to its load.
    pub(super) fn pass_after(&self, flight: &Flight, now: Timestamp) -> Result<Pass<'_>, Error> {
        match flight.failure.get() {
            Some(failure) => Err(failure.clone()),
            None => Ok(self.pass(now)),
        }
    }

    /// Ends a fetch with the token that came, or with the old one as long as that is alive.
    ///
    /// # Errors
    /// The fetch's failure.
    pub(super) fn fetched(
        &self,
        fetching: Fetching,
        token: Result<AccessToken, Error>,
        now: Timestamp,
    ) -> Result<Rc<Secret>, Error> {
        match token {
            Ok(token) => {
                let value = Rc::clone(&token.value);
                self.token.replace(Some(token));
                Ok(value)
            }
            Err(error) => match self.token.borrow().as_ref().filter(|token| token.is_alive(now)) {
                Some(old) => Ok(Rc::clone(&old.value)),
                None => {
                    // Nobody else can have set it: only the one who fetches has the flight to end.
                    _ = fetching.flight.failure.set(error.clone());
                    Err(error)
                }
            },
        }
    }

    /// Forgets a token that the key service refused, unless it was replaced since.
    pub(super) fn forget(&self, refused: &Rc<Secret>) {
        self.token.borrow_mut().take_if(|token| Rc::ptr_eq(&token.value, refused));
    }

    /// Whether a refused token can be replaced by a new one.
    pub(super) fn can_renew(&self) -> bool {
        matches!(self.auth, Auth::ApiKey(_))
    }
}
