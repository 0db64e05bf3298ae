//! Registrations: which key protects which resource.
//!
//! *Invariant:* belongs to a root key; names a version of that key and never goes back to an older one.

use jiff::Timestamp;

use crate::{
    error::Error,
    keys::{
        key::{Key, KeyId},
        lifecycle::State,
        resource::ResourceCrn,
        version::{Version, VersionId},
    },
};

/// A resource that a root key protects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Registration {
    /// The key.
    pub(crate) key: KeyId,
    /// The resource.
    pub(crate) resource_crn: ResourceCrn,
    /// IAM id of the service that made it.
    pub(crate) created_by: String,
    /// When it was made.
    pub(crate) created_at: Timestamp,
    /// IAM id of the one who last changed it; its maker at first.
    pub(crate) updated_by: String,
    /// When it was last changed.
    pub(crate) updated_at: Timestamp,
    /// What the service says about the resource.
    pub(crate) description: Option<String>,
    /// Whether the key must not be deleted, not even by force: the resource has a retention policy.
    pub(crate) prevent_key_deletion: bool,
    /// The version that the resource's data keys are wrapped under.
    pub(crate) version: Version,
}

/// What a service says about a registration; what is absent stays or gets its default.
#[derive(Debug, Clone, Default)]
pub(crate) struct RegistrationInput {
    /// Of 2 to 240 characters.
    pub(crate) description: Option<String>,
    /// By default false.
    pub(crate) prevent_key_deletion: Option<bool>,
    /// By default the newest.
    pub(crate) version: Option<VersionId>,
}

impl RegistrationInput {
    /// Checks the description.
    pub(crate) fn parse(
        description: Option<String>,
        prevent_key_deletion: Option<bool>,
        version: Option<VersionId>,
    ) -> Result<Self, Error> {
        if description.as_ref().is_some_and(|text| !(2..=240).contains(&text.chars().count())) {
            return Err(Error::InvalidField { name: "description", why: "a description has 2 to 240 characters" });
        }
        Ok(Self { description, prevent_key_deletion, version })
    }
}

impl Registration {
    /// A new registration of `resource` with `key`, made at `now` by the service `by`. `versions` are those of the key.
    pub(crate) fn create(
        key: &Key,
        versions: &[Version],
        resource: ResourceCrn,
        input: RegistrationInput,
        now: Timestamp,
        by: &str,
    ) -> Result<Self, Error> {
        registrable(key, now)?;
        let version = input.version.map_or(Ok(key.current), |id| version(versions, id))?;
        Ok(Self {
            key: key.id,
            resource_crn: resource,
            created_by: by.to_owned(),
            created_at: now,
            updated_by: by.to_owned(),
            updated_at: now,
            description: input.description,
            prevent_key_deletion: input.prevent_key_deletion.unwrap_or_default(),
            version,
        })
    }

    /// Everything a service can say about it, said anew.
    pub(crate) fn replace(
        &mut self,
        key: &Key,
        versions: &[Version],
        input: RegistrationInput,
        now: Timestamp,
        by: &str,
    ) -> Result<(), Error> {
        let version = input.version.unwrap_or(key.current.id);
        let description = input.description.clone();
        let prevent_key_deletion = Some(input.prevent_key_deletion.unwrap_or_default());
        self.merge(
            key,
            versions,
            RegistrationInput { prevent_key_deletion, version: Some(version), ..input },
            now,
            by,
        )?;
        self.description = description;
        Ok(())
    }

    /// Only what is given.
    pub(crate) fn merge(
        &mut self,
        key: &Key,
        versions: &[Version],
        input: RegistrationInput,
        now: Timestamp,
        by: &str,
    ) -> Result<(), Error> {
        registrable(key, now)?;
        if let Some(id) = input.version {
            let next = version(versions, id)?;
            if next.created_at < self.version.created_at {
                return Err(Error::RegistrationVersion);
            }
            self.version = next;
        }
        self.description = input.description.or(self.description.take());
        self.prevent_key_deletion = input.prevent_key_deletion.unwrap_or(self.prevent_key_deletion);
        self.updated_by = by.to_owned();
        self.updated_at = now;
        Ok(())
    }

    /// Whether the registrations of a key let it be deleted.
    pub(crate) fn allow_deletion(registrations: &[Self], force: bool) -> Result<(), Error> {
        if registrations.iter().any(|registration| registration.prevent_key_deletion) {
            return Err(Error::DeletionPrevented);
        }
        if !registrations.is_empty() && !force {
            return Err(Error::ProtectedResource);
        }
        Ok(())
    }
}

/// Whether a key may be forgotten by a resource. IBM's table says no for deactivated keys, too; here a resource that goes
/// away does not hold a key that can still be used.
pub(crate) fn check_removal(key: &Key, now: Timestamp) -> Result<(), Error> {
    if key.state(now) == State::Destroyed { Err(Error::RegistrationState) } else { Ok(()) }
}

fn registrable(key: &Key, now: Timestamp) -> Result<(), Error> {
    if key.extractable {
        return Err(Error::RegistrationNeedsRootKey);
    }
    if key.state(now) != State::Active {
        return Err(Error::RegistrationState);
    }
    Ok(())
}

fn version(versions: &[Version], id: VersionId) -> Result<Version, Error> {
    versions.iter().find(|version| version.id == id).copied().ok_or(Error::RegistrationVersion)
}
