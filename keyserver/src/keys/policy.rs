//! Policies of one key: rotation by the calendar, and deletion that takes two people.
//!
//! *Invariant:* dual authorization, once on, is never turned off; a rotation policy is never on a key whose material the
//! server cannot make.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::{
    error::Error,
    keys::{
        key::Key,
        lifecycle::{KeyAction, State},
    },
};

/// How long the first consent to a deletion holds.
const AUTHORIZATION_LIFETIME: SignedDuration = SignedDuration::from_hours(7 * 24);
/// A month of a rotation interval.
const MONTH: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What IAM ids of service instances begin with. A service instance does what its operator asks of it, so that it is nobody's
/// second person.
const INSTANCE_PREFIX: &str = "crn-";

/// The policies a key can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PolicyKind {
    /// `rotation`
    Rotation,
    /// `dualAuthDelete`
    DualAuthDelete,
}

impl PolicyKind {
    /// The name on the wire and in the store.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Rotation => "rotation",
            Self::DualAuthDelete => "dualAuthDelete",
        }
    }

    /// The kind with this name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Rotation, Self::DualAuthDelete].into_iter().find(|kind| kind.name() == name)
    }
}

/// A rotation interval of 1 to 12 months of 30 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Months(u8);

impl Months {
    /// [`Error::InvalidField`] outside 1 to 12.
    pub(crate) fn parse(number: i64) -> Result<Self, Error> {
        u8::try_from(number)
            .ok()
            .filter(|number| (1..=12).contains(number))
            .map(Self)
            .ok_or(Error::InvalidField { name: "interval_month", why: "must be a number of months from 1 to 12" })
    }

    /// The number.
    pub(crate) const fn number(self) -> u8 {
        self.0
    }

    /// How long that is.
    fn span(self) -> SignedDuration {
        MONTH * i32::from(self.0)
    }
}

/// Who made a policy and who changed it last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// When it was first set.
    pub(crate) created_at: Timestamp,
    /// By which IAM id.
    pub(crate) created_by: String,
    /// When it was last set.
    pub(crate) updated_at: Timestamp,
    /// By which IAM id.
    pub(crate) updated_by: String,
}

impl Stamp {
    /// Of a policy set for the first time.
    pub(crate) fn new(at: Timestamp, by: &str) -> Self {
        Self { created_at: at, created_by: by.to_owned(), updated_at: at, updated_by: by.to_owned() }
    }

    /// Set again.
    pub(crate) fn renew(&mut self, at: Timestamp, by: &str) {
        self.updated_at = at;
        by.clone_into(&mut self.updated_by);
    }
}

/// Rotation by the calendar.
#[derive(Debug, Clone)]
pub(crate) struct Rotation {
    /// Its id.
    pub(crate) id: Uuid,
    /// Whether it is followed.
    pub(crate) enabled: bool,
    /// How often; kept while it is not followed.
    pub(crate) interval: Months,
    /// Who set it.
    pub(crate) stamp: Stamp,
}

/// Deletion that takes two people.
#[derive(Debug, Clone)]
pub(crate) struct DualAuth {
    /// Its id.
    pub(crate) id: Uuid,
    /// Whether it is in force; once it is, it stays so.
    pub(crate) enabled: bool,
    /// The first consent, if given.
    pub(crate) authorization: Option<Authorization>,
    /// Who set it.
    pub(crate) stamp: Stamp,
}

impl DualAuth {
    /// The first consent while it holds.
    pub(crate) fn pending(&self, now: Timestamp) -> Option<&Authorization> {
        self.authorization.as_ref().filter(|given| now < given.until)
    }
}

/// Consent of one person to the deletion of a key by another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Authorization {
    /// IAM id of that person.
    pub(crate) by: String,
    /// From when on it no longer counts.
    pub(crate) until: Timestamp,
}

/// What a request wants of one policy.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PolicyChange {
    /// An interval may be left out where there is one already.
    Rotation {
        /// Whether to follow it.
        enabled: bool,
        /// How often.
        interval: Option<Months>,
    },
    /// On, or off where it was never on.
    DualAuthDelete {
        /// Whether deletion takes two people.
        enabled: bool,
    },
}

impl PolicyChange {
    /// Which policy.
    pub(crate) const fn kind(self) -> PolicyKind {
        match self {
            Self::Rotation { .. } => PolicyKind::Rotation,
            Self::DualAuthDelete { .. } => PolicyKind::DualAuthDelete,
        }
    }
}

/// The policies that a new key begins with.
#[derive(Debug, Clone)]
pub(crate) enum FirstPolicies {
    /// Those that the instance lays down for new keys.
    OfInstance,
    /// These, which may be none, whatever the instance lays down.
    Only(Vec<PolicyChange>),
}

/// Who sets a policy, when, and the id it gets if it is new.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PolicyAuthor<'a> {
    /// For a policy that is set for the first time.
    pub(crate) id: Uuid,
    /// When.
    pub(crate) at: Timestamp,
    /// IAM id.
    pub(crate) by: &'a str,
}

impl Key {
    /// Sets a policy of an existing key that is not deleted.
    pub(crate) fn change_policy(&mut self, change: PolicyChange, author: PolicyAuthor<'_>) -> Result<(), Error> {
        self.check(KeyAction::WritePolicies, author.at)?;
        self.set_policy(change, author)?;
        self.updated_at = Some(author.at);
        Ok(())
    }

    /// Sets a policy. [`Error::RootKeyRequired`] and [`Error::InvalidField`] for a rotation policy on a key that is not a
    /// generated root key, or without any interval; [`Error::DualAuthStays`] for turning dual authorization off.
    pub(crate) fn set_policy(&mut self, change: PolicyChange, author: PolicyAuthor<'_>) -> Result<(), Error> {
        match change {
            PolicyChange::Rotation { enabled, interval } => self.set_rotation(enabled, interval, author),
            PolicyChange::DualAuthDelete { enabled } => self.set_dual_auth(enabled, author),
        }
    }

    fn set_rotation(&mut self, enabled: bool, interval: Option<Months>, author: PolicyAuthor<'_>) -> Result<(), Error> {
        self.require_root()?;
        if self.imported {
            return Err(Error::InvalidField {
                name: "rotation",
                why: "an imported key is rotated with new material by its owner, not by a policy",
            });
        }
        if let Some(rotation) = &mut self.rotation {
            rotation.enabled = enabled;
            rotation.interval = interval.unwrap_or(rotation.interval);
            rotation.stamp.renew(author.at, author.by);
            return Ok(());
        }
        let missing = Error::InvalidField { name: "interval_month", why: "required when the key has none yet" };
        let interval = interval.ok_or(missing)?;
        self.rotation = Some(Rotation { id: author.id, enabled, interval, stamp: Stamp::new(author.at, author.by) });
        Ok(())
    }

    fn set_dual_auth(&mut self, enabled: bool, author: PolicyAuthor<'_>) -> Result<(), Error> {
        let Some(dual_auth) = &mut self.dual_auth else {
            let stamp = Stamp::new(author.at, author.by);
            self.dual_auth = Some(DualAuth { id: author.id, enabled, authorization: None, stamp });
            return Ok(());
        };
        if dual_auth.enabled && !enabled {
            return Err(Error::DualAuthStays);
        }
        dual_auth.enabled = enabled;
        dual_auth.stamp.renew(author.at, author.by);
        Ok(())
    }

    /// Gives the first consent to the key's deletion, or gives it anew. [`Error::NotDualAuth`] without the policy;
    /// [`Error::Denied`] for a service instance.
    pub(crate) fn set_for_deletion(&mut self, now: Timestamp, by: &str) -> Result<(), Error> {
        if by.starts_with(INSTANCE_PREFIX) {
            return Err(Error::Denied);
        }
        self.check(KeyAction::SetForDeletion, now)?;
        let until = now.saturating_add(AUTHORIZATION_LIFETIME).expect("a duration is always addable");
        self.dual_auth_in_force()?.authorization = Some(Authorization { by: by.to_owned(), until });
        self.updated_at = Some(now);
        Ok(())
    }

    /// Withdraws the first consent; nothing to withdraw is fine. [`Error::NotDualAuth`] without the policy.
    pub(crate) fn unset_for_deletion(&mut self, now: Timestamp) -> Result<(), Error> {
        self.check(KeyAction::UnsetForDeletion, now)?;
        self.dual_auth_in_force()?.authorization = None;
        self.updated_at = Some(now);
        Ok(())
    }

    fn dual_auth_in_force(&mut self) -> Result<&mut DualAuth, Error> {
        self.dual_auth.as_mut().filter(|policy| policy.enabled).ok_or(Error::NotDualAuth)
    }

    /// Uses the first consent up, if deletion takes two people. [`Error::AuthorizationsNotMet`] unless someone else gave it
    /// and it still holds, and for a service instance.
    pub(super) fn take_authorization(&mut self, now: Timestamp, by: &str) -> Result<(), Error> {
        let Ok(policy) = self.dual_auth_in_force() else { return Ok(()) };
        if by.starts_with(INSTANCE_PREFIX) || policy.pending(now).is_none_or(|given| given.by == by) {
            return Err(Error::AuthorizationsNotMet);
        }
        policy.authorization = None;
        Ok(())
    }

    /// When the rotation policy next asks for a rotation: an interval after the last one or, if there was none, after the
    /// key was made, whenever the policy itself was set. `None` without a policy that is followed.
    pub(crate) fn rotation_due(&self) -> Option<Timestamp> {
        let policy = self.rotation.as_ref().filter(|policy| policy.enabled)?;
        let last = self.rotated_at.unwrap_or(self.created_at);
        Some(last.saturating_add(policy.interval.span()).expect("a duration is always addable"))
    }

    /// Whether the key may be rotated because its policy asks for it. Deactivated keys, which a caller may still rotate, are
    /// left alone: nothing new is wrapped under them.
    pub(crate) fn require_rotation_due(&self, now: Timestamp) -> Result<(), Error> {
        if self.state(now) != State::Active || self.rotation_due().is_none_or(|at| now < at) {
            return Err(Error::InvalidState);
        }
        Ok(())
    }
}
