//! A key and what may happen to it.
//!
//! *Invariant:* holds no material; every change goes through the life-cycle table and its waiting times.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::{
    error::Error,
    keys::{
        alias::{Alias, MAX_ALIASES},
        import_token::GivenMaterial,
        lifecycle::{
            KeyAction, PURGE_FROM, PURGE_SCHEDULED, RESTORE_WINDOW, ROTATION_INTERVAL, Rule, SETTLING, SYNC_INTERVAL,
            State,
        },
        material::RootKeySize,
        policy::{DualAuth, FirstPolicies, Rotation},
        ring::RingId,
        version::Version,
    },
};

/// The ring every key is in unless it says otherwise.
pub(crate) const DEFAULT_RING: &str = "default";
const MAX_STANDARD_BYTES: usize = 7500;

/// Id of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct KeyId(pub(crate) Uuid);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a caller may choose about a new key, checked.
#[derive(Debug)]
pub(crate) struct Label {
    name: String,
    description: Option<String>,
    tags: Vec<String>,
    aliases: Vec<Alias>,
}

impl Label {
    /// Name of 2 to 90 characters, description of 2 to 240, at most 30 tags, at most five aliases.
    pub(crate) fn parse(
        name: String,
        description: Option<String>,
        tags: Vec<String>,
        aliases: &[String],
    ) -> Result<Self, Error> {
        let invalid = |name, why| Err(Error::InvalidField { name, why });
        if !(2..=90).contains(&name.chars().count()) || name.chars().any(char::is_control) {
            return invalid("name", "a key name has 2 to 90 printable characters");
        }
        if description.as_ref().is_some_and(|text| !(2..=240).contains(&text.chars().count())) {
            return invalid("description", "a description has 2 to 240 characters");
        }
        let illegal =
            |tag: &String| tag.is_empty() || tag.chars().count() > 30 || tag.contains(['<', '>', ',', ':', '&', '|']);
        if tags.len() > 30 || tags.iter().any(illegal) {
            return invalid("tags", "at most 30 tags of 1 to 30 characters, none of them `< > , : & |`");
        }
        let mut aliases = aliases.iter().map(|text| Alias::parse(text)).collect::<Result<Vec<_>, _>>()?;
        aliases.sort();
        aliases.dedup();
        if aliases.len() > MAX_ALIASES {
            return invalid("aliases", "a key has at most five aliases");
        }
        Ok(Self { name, description, tags, aliases })
    }
}

/// What a new key is.
pub(crate) struct NewKey {
    /// Names.
    pub(crate) label: Label,
    /// A standard key instead of a root key.
    pub(crate) extractable: bool,
    /// When the key deactivates by itself.
    pub(crate) expires_at: Option<Timestamp>,
    /// Imported material; without it the key is generated.
    pub(crate) material: Option<GivenMaterial>,
    /// The policies that it begins with.
    pub(crate) policies: FirstPolicies,
}

/// When and by whom a key was deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deletion {
    /// When.
    pub(crate) at: Timestamp,
    /// IAM id of the caller.
    pub(crate) by: String,
}

/// A key without its material.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    /// Constant over its whole life.
    pub(crate) id: KeyId,
    /// Label, not unique.
    pub(crate) name: String,
    /// Longer label.
    pub(crate) description: Option<String>,
    /// Labels to filter by.
    pub(crate) tags: Vec<String>,
    /// Unique names.
    pub(crate) aliases: Vec<Alias>,
    /// Standard key (true) or root key (false).
    pub(crate) extractable: bool,
    /// Made from the caller's material.
    pub(crate) imported: bool,
    /// The ring it is in.
    pub(crate) ring: String,
    /// Size of the newest version's material in bits.
    pub(crate) bits: u32,
    /// When it was made.
    pub(crate) created_at: Timestamp,
    /// IAM id of its maker.
    pub(crate) created_by: String,
    /// When it deactivates by itself.
    pub(crate) expires_at: Option<Timestamp>,
    /// Last change; none on a fresh key.
    pub(crate) updated_at: Option<Timestamp>,
    /// Last rotation.
    pub(crate) rotated_at: Option<Timestamp>,
    /// State as stored; [`Key::state`] is the one that counts.
    pub(crate) stored_state: State,
    /// When the stored state was entered.
    pub(crate) state_since: Timestamp,
    /// When the resources that use the key were last told of its state: by a life-cycle change or a sync.
    pub(crate) notified_at: Option<Timestamp>,
    /// Set while deleted.
    pub(crate) deletion: Option<Deletion>,
    /// Rotation by policy, if ever set.
    pub(crate) rotation: Option<Rotation>,
    /// Deletion by two people, if ever set.
    pub(crate) dual_auth: Option<DualAuth>,
    /// The newest version.
    pub(crate) current: Version,
    /// Counts changes, so that two writers cannot overwrite each other.
    pub(crate) revision: i64,
}

impl Key {
    /// A new key; checks what depends on the moment and on the material's length.
    pub(crate) fn create(
        id: KeyId,
        label: Label,
        kind: KeyKind,
        expires_at: Option<Timestamp>,
        current: Version,
        by: &str,
    ) -> Result<Self, Error> {
        let now = current.created_at;
        if expires_at.is_some_and(|at| at <= now) {
            return Err(Error::InvalidField { name: "expirationDate", why: "must be in the future" });
        }
        let Label { name, description, tags, aliases } = label;
        Ok(Self {
            id,
            name,
            description,
            tags,
            aliases,
            extractable: kind.extractable,
            imported: kind.imported,
            ring: DEFAULT_RING.to_owned(),
            bits: kind.bits()?,
            created_at: now,
            created_by: by.to_owned(),
            expires_at,
            updated_at: None,
            rotated_at: None,
            stored_state: State::Active,
            state_since: now,
            notified_at: None,
            deletion: None,
            rotation: None,
            dual_auth: None,
            current,
            revision: 0,
        })
    }

    /// The state at this moment: an active key past its date is deactivated.
    pub(crate) fn state(&self, now: Timestamp) -> State {
        match self.stored_state {
            State::Active if self.is_expired(now) => State::Deactivated,
            stored => stored,
        }
    }

    /// Whether the table allows a use that changes nothing.
    pub(crate) fn check(&self, action: KeyAction, now: Timestamp) -> Result<(), Error> {
        Rule::check(self.state(now), action)
    }

    /// Gives the key one more name.
    pub(crate) fn add_alias(&mut self, alias: &Alias, now: Timestamp) -> Result<(), Error> {
        self.check(KeyAction::CreateAlias, now)?;
        if self.aliases.contains(alias) {
            return Err(Error::AliasInUse);
        }
        if self.aliases.len() >= MAX_ALIASES {
            return Err(Error::TooManyAliases { limit: MAX_ALIASES });
        }
        self.aliases.push(alias.clone());
        self.updated_at = Some(now);
        Ok(())
    }

    /// Takes one of its names.
    pub(crate) fn remove_alias(&mut self, alias: &Alias, now: Timestamp) -> Result<(), Error> {
        self.check(KeyAction::DeleteAlias, now)?;
        let index = self.aliases.iter().position(|own| own == alias).ok_or(Error::AliasNotFound)?;
        self.aliases.remove(index);
        self.updated_at = Some(now);
        Ok(())
    }

    /// Puts the key in another ring.
    pub(crate) fn move_to(&mut self, ring: &RingId, now: Timestamp) -> Result<(), Error> {
        self.check(KeyAction::Patch, now)?;
        self.ring = ring.as_str().to_owned();
        self.updated_at = Some(now);
        Ok(())
    }

    /// Only root keys wrap, rotate and can be disabled.
    pub(crate) fn require_root(&self) -> Result<(), Error> {
        if self.extractable { Err(Error::RootKeyRequired) } else { Ok(()) }
    }

    /// Makes `next` the newest version.
    pub(crate) fn rotate(&mut self, next: Version, material_bytes: usize) -> Result<(), Error> {
        let now = next.created_at;
        self.check(KeyAction::Rotate, now)?;
        if self.rotated_at.is_some_and(|last| within(last, now, ROTATION_INTERVAL)) {
            return Err(Error::RotationTooSoon);
        }
        self.bits = KeyKind { extractable: false, imported: self.imported, bytes: material_bytes }.bits()?;
        self.current = next;
        self.rotated_at = Some(now);
        self.updated_at = Some(now);
        self.notified_at = Some(now);
        Ok(())
    }

    /// Takes up a version that the key got where it is held, without this server having been asked. Only there was it decided
    /// whether it may.
    pub(crate) fn rotated_elsewhere(&mut self, next: Version) {
        self.current = next;
        self.rotated_at = Some(next.created_at);
        self.updated_at = Some(next.created_at);
        self.notified_at = Some(next.created_at);
    }

    /// Active → suspended.
    pub(crate) fn disable(&mut self, now: Timestamp) -> Result<(), Error> {
        self.check(KeyAction::Disable, now)?;
        self.enter(State::Suspended, now);
        Ok(())
    }

    /// Suspended → active, 30 seconds after at the earliest.
    pub(crate) fn enable(&mut self, now: Timestamp) -> Result<(), Error> {
        self.check(KeyAction::Enable, now)?;
        self.require_settled(now)?;
        self.enter(State::Active, now);
        Ok(())
    }

    /// → destroyed; material, versions and aliases stay until the key is purged, so that nobody takes its name meanwhile.
    pub(crate) fn delete(&mut self, now: Timestamp, by: &str) -> Result<(), Error> {
        self.check(KeyAction::Delete, now)?;
        self.take_authorization(now, by)?;
        self.enter(State::Destroyed, now);
        self.deletion = Some(Deletion { at: now, by: by.to_owned() });
        Ok(())
    }

    /// Destroyed → active, between 30 seconds and 30 days after; also for a key that was suspended before, of which IBM's
    /// documentation says nothing.
    pub(crate) fn restore(&mut self, now: Timestamp) -> Result<(), Error> {
        self.check(KeyAction::Restore, now)?;
        self.require_settled(now)?;
        if self.restore_until().is_some_and(|end| now >= end) {
            return Err(Error::RestoreExpired);
        }
        if self.is_expired(now) {
            return Err(Error::KeyExpired);
        }
        self.enter(State::Active, now);
        self.deletion = None;
        Ok(())
    }

    /// Writes down that an active key is past its date.
    pub(crate) fn expire(&mut self, now: Timestamp) -> Result<(), Error> {
        // The state that counts is deactivated already.
        Rule::check(self.stored_state, KeyAction::Expire)?;
        if !self.is_expired(now) {
            return Err(Error::InvalidState);
        }
        self.enter(State::Deactivated, now);
        Ok(())
    }

    /// Notes that the resources that use the key are told of its state, once an hour and an hour after a life-cycle change
    /// at the earliest.
    pub(crate) fn sync(&mut self, now: Timestamp) -> Result<(), Error> {
        self.check(KeyAction::Sync, now)?;
        if self.notified_at.is_some_and(|last| within(last, now, SYNC_INTERVAL)) {
            return Err(Error::TooEarly { seconds: SYNC_INTERVAL.as_secs() });
        }
        self.notified_at = Some(now);
        Ok(())
    }

    /// Whether a caller may remove the key for ever: deleted, and four hours ago at the latest.
    pub(crate) fn require_purgeable(&self, now: Timestamp) -> Result<(), Error> {
        self.check(KeyAction::Purge, now)?;
        if self.purge_from().is_none_or(|start| now < start) {
            return Err(Error::TooEarly { seconds: PURGE_FROM.as_secs() });
        }
        Ok(())
    }

    /// Whether restoring a deleted key will be allowed once it has settled.
    pub(crate) fn is_restorable(&self, now: Timestamp) -> bool {
        self.restore_until().is_some_and(|end| now < end) && !self.is_expired(now)
    }

    /// Whether the key may be removed for ever because its time has come.
    pub(crate) fn require_purge_due(&self, now: Timestamp) -> Result<(), Error> {
        self.check(KeyAction::Purge, now)?;
        if self.purge_scheduled().is_none_or(|at| now < at) {
            return Err(Error::InvalidState);
        }
        Ok(())
    }

    /// End of the restore window of a deleted key.
    pub(crate) fn restore_until(&self) -> Option<Timestamp> {
        self.after_deletion(RESTORE_WINDOW)
    }

    /// First moment at which a deleted key may be purged.
    pub(crate) fn purge_from(&self) -> Option<Timestamp> {
        self.after_deletion(PURGE_FROM)
    }

    /// Moment at which a deleted key is due to be purged.
    pub(crate) fn purge_scheduled(&self) -> Option<Timestamp> {
        self.after_deletion(PURGE_SCHEDULED)
    }

    fn after_deletion(&self, span: SignedDuration) -> Option<Timestamp> {
        self.deletion.as_ref().map(|deletion| deletion.at.saturating_add(span).expect("a duration is always addable"))
    }

    fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }

    fn require_settled(&self, now: Timestamp) -> Result<(), Error> {
        if within(self.state_since, now, SETTLING) {
            return Err(Error::TooEarly { seconds: SETTLING.as_secs() });
        }
        Ok(())
    }

    fn enter(&mut self, state: State, now: Timestamp) {
        self.stored_state = state;
        self.state_since = now;
        self.updated_at = Some(now);
        self.notified_at = Some(now);
    }
}

/// What decides the legal sizes of a key's material.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyKind {
    /// Standard key.
    pub(crate) extractable: bool,
    /// Made from the caller's material.
    pub(crate) imported: bool,
    /// Length of the material.
    pub(crate) bytes: usize,
}

impl KeyKind {
    fn bits(self) -> Result<u32, Error> {
        if !self.extractable {
            RootKeySize::of_bytes(self.bytes)?;
        } else if !(1..=MAX_STANDARD_BYTES).contains(&self.bytes) {
            return Err(Error::InvalidField {
                name: "payload",
                why: "a standard key has 1 to 7500 bytes before base64 encoding",
            });
        }
        u32::try_from(self.bytes * 8).map_err(|_| Error::Corrupt("size of material"))
    }
}

fn within(start: Timestamp, now: Timestamp, span: SignedDuration) -> bool {
    now.duration_since(start) < span
}
