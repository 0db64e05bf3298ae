//! What is known of stored objects; their bytes are files beside the database.
//!
//! *Invariant:* every call takes a grant for the instance, but those that only know files; an object is stored or removed together
//! with the event that tells of it.

use async_trait::async_trait;

use crate::{
    error::Error,
    iam::service_grant::ServiceGrant,
    keys::{
        crn::InstanceId,
        object::{Object, ObjectName, ObjectPage, Precondition},
    },
    store::NewEvent,
};

/// Objects of service instances.
#[async_trait]
pub(crate) trait Objects: Send + Sync {
    /// The object with this name.
    async fn object(
        &self,
        grant: &ServiceGrant,
        instance: InstanceId,
        name: &ObjectName,
    ) -> Result<Option<Object>, Error>;
    /// A page of the objects, by name.
    async fn objects(&self, grant: &ServiceGrant, instance: InstanceId, page: ObjectPage)
    -> Result<Vec<Object>, Error>;
    /// Stores an object, in the place of one with its name if the condition allows it, and if all objects of the instance have no
    /// more than `quota` bytes then ([`Error::QuotaExceeded`]). Its file stops being loose, and the file it replaces, which is
    /// answered, begins to be.
    async fn put_object(
        &self,
        grant: &ServiceGrant,
        instance: InstanceId,
        object: Object,
        precondition: Precondition,
        quota: u64,
        event: NewEvent,
    ) -> Result<Option<String>, Error>;
    /// Removes an object if the condition allows it; [`Error::ObjectNotFound`] if there is none. Its file, which is
    /// answered, becomes loose.
    async fn delete_object(
        &self,
        grant: &ServiceGrant,
        instance: InstanceId,
        name: &ObjectName,
        precondition: Precondition,
        event: NewEvent,
    ) -> Result<String, Error>;
    /// Remembers a file that holds no object yet.
    async fn add_loose_file(&self, file: &str) -> Result<(), Error>;
    /// Forgets the files that hold no object and answers them, to be removed. Whoever is about to make one of them an object
    /// fails: of several servers of one database, one may start while another stores.
    async fn take_loose_files(&self) -> Result<Vec<String>, Error>;
    /// Forgets files that are gone.
    async fn forget_loose_files(&self, files: Vec<String>) -> Result<(), Error>;
}
