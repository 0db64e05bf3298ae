//! Objects of a service instance: sealed messages under its root key.
//!
//! *Invariant:* the server never has what would open an object. What is not sealed under the instance's key, and no other, is
//! refused before a byte of it is on disk.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use crate::{
    audit::{Answer, Audited, event::Trail},
    error::Error,
    iam::{roles::Action, service_roles::ObjectAction},
    keys::{
        alias::Alias,
        crn::InstanceId,
        instance::Stamp,
        key::Key,
        object::{Checksum, NewObject, Object, ObjectName, ObjectPage, Precondition, Range, ReadObject},
        sealed::{SealedMessage, WrappedFor},
    },
    service::{
        admission::Admission,
        call::{Call, Credentials, event, finish},
        resources::remove_files,
    },
    state::{App, AppState},
    store::files::{NewFile, ObjectFiles, StoredFile},
};

/// Kind of wrapped key that an object must have: one of a Key Protect root key. Its info is `<instance>/<key>`.
const PROVIDER: &str = "envelock-key-protect-v1";
/// How long a reader goes on before it is asked again whether it may.
const CONFIRM_EVERY: SignedDuration = SignedDuration::from_millis(500);
/// How often a read is tried again when the object is replaced meanwhile.
const ATTEMPTS: usize = 5;

/// The body of a request as it arrives.
#[async_trait]
pub(crate) trait Upload: Send {
    /// The next bytes; `None` at the end.
    async fn next(&mut self) -> Result<Option<Bytes>, Error>;
}

/// Stores an object, or replaces one.
pub(crate) async fn put(
    app: &AppState,
    call: Call,
    instance: Result<InstanceId, Error>,
    new: Result<NewObject, Error>,
    upload: &mut dyn Upload,
) -> Audited<Object> {
    let (mut trail, credentials) = call.begin(app, Action::Object(ObjectAction::Put));
    let outcome = async {
        let admission = admit(app, credentials, ObjectAction::Put, instance, &mut trail).await?;
        let NewObject { name, precondition, announced } = new?;
        trail.object(&admission.resource, &name);
        let (file, place) = receive(app, &admission, &name, upload).await?;
        // A file that gets its place and no object is removed at the next start.
        app.store.add_loose_file(&place).await?;
        let kept = file.keep().await?;
        if announced.is_some_and(|announced| announced != kept.checksum) {
            return discard(app, place, Error::ChecksumMismatch).await;
        }
        // Much time may have passed since the first byte.
        if let Err(error) = admission.confirm(app).await {
            return discard(app, place, error).await;
        }
        let stored = Stamp { at: app.clock.now(), by: admission.caller.iam_id().to_owned() };
        let object = Object { name, size: kept.size, checksum: kept.checksum, file: place.clone(), stored };
        let event = event(app, &trail, Answer::Created)?;
        let (grant, id, quota) = (&admission.grant, admission.resource.id, app.services.max_instance_bytes);
        match app.store.put_object(grant, id, object.clone(), precondition, quota, event).await {
            Ok(replaced) => {
                trail.recorded();
                remove_files(app, replaced.into_iter().collect()).await;
                Ok((Answer::Created, object))
            }
            Err(error) => discard(app, place, error).await,
        }
    }
    .await;
    finish(app, trail, outcome).await
}

/// Takes the whole body into a file that has no place yet.
async fn receive(
    app: &AppState,
    admission: &Admission,
    name: &ObjectName,
    upload: &mut dyn Upload,
) -> Result<(NewFile, String), Error> {
    let limit = app.services.max_object_bytes;
    let mut message = SealedMessage::new();
    let mut head: Vec<Bytes> = Vec::new();
    let mut file: Option<(NewFile, String)> = None;
    let mut size = 0;
    while let Some(piece) = upload.next().await? {
        size += piece.len() as u64;
        if size > limit {
            return Err(Error::ObjectTooLarge { limit });
        }
        if let Some(keys) = message.push(&piece)? {
            require_key(&keys, &admission.root.key, admission.root.instance.id)?;
            let unique = app.entropy.uuid();
            let place = ObjectFiles::place(admission.resource.id, name, unique);
            let mut new = app.files.begin(&place, unique).await?;
            for piece in head.drain(..) {
                new.write(&piece).await?;
            }
            file = Some((new, place));
        }
        match &mut file {
            Some((file, _)) => file.write(&piece).await?,
            None => head.push(piece),
        }
    }
    message.finish()?;
    file.ok_or(Error::Corrupt("a sealed message without a header"))
}

/// Every wrapped key of the message has to be one that the root key unwraps: another way in would outlive the root key.
fn require_key(keys: &[WrappedFor], key: &Key, instance: InstanceId) -> Result<(), Error> {
    let names_it = |wrapped: &WrappedFor| {
        let info = str::from_utf8(&wrapped.info).ok().and_then(|info| info.split_once('/'));
        wrapped.provider == PROVIDER
            && info.is_some_and(|(of, name)| {
                of.eq_ignore_ascii_case(&instance.to_string())
                    && (name.eq_ignore_ascii_case(&key.id.to_string())
                        || key.aliases.iter().any(|alias: &Alias| alias.as_str() == name))
            })
    };
    if keys.iter().all(names_it) { Ok(()) } else { Err(Error::ForeignKey) }
}

/// What is to be read.
pub(crate) enum Found {
    /// The object or a part of it.
    Here {
        /// What is known of it.
        object: Object,
        /// First byte and length of the part, if it is one.
        part: Option<(u64, u64)>,
        /// Its bytes.
        body: Box<ObjectBody>,
    },
    /// The reader has it already.
    Unchanged(Object),
}

/// Reads an object or a part of it.
pub(crate) async fn get(
    app: &App,
    call: Call,
    instance: Result<InstanceId, Error>,
    wanted: Result<ReadObject, Error>,
) -> Audited<Found> {
    let (mut trail, credentials) = call.begin(app, Action::Object(ObjectAction::Get));
    let outcome = async {
        let admission = admit(app, credentials, ObjectAction::Get, instance, &mut trail).await?;
        let wanted = wanted?;
        trail.object(&admission.resource, &wanted.name);
        for _ in 0..ATTEMPTS {
            let object = lookup(app, &admission, &wanted.name, &wanted.precondition).await?;
            if !wanted.precondition.differs(Some(object.checksum)) {
                return Ok((Answer::Unchanged, Found::Unchanged(object)));
            }
            let part = part(&wanted, &object)?;
            let (first, length) = part.unwrap_or((0, object.size));
            // Replaced since it was looked up: look again.
            let Some(file) = app.files.read(&object.file, first, length).await? else { continue };
            let whole = part.is_none().then_some(object.checksum);
            let body = Box::new(ObjectBody::new(Arc::clone(app), admission, file, whole));
            let answer = if part.is_some() { Answer::Partial } else { Answer::Content };
            return Ok((answer, Found::Here { object, part, body }));
        }
        Err(Error::Corrupt("the file of an object is missing"))
    }
    .await;
    finish(app, trail, outcome).await
}

fn part(wanted: &ReadObject, object: &Object) -> Result<Option<(u64, u64)>, Error> {
    let meant = wanted.range_of.as_ref().is_none_or(|tag| *tag == object.checksum.tag());
    wanted.range.filter(|_| meant).map(|range: Range| range.within(object.size)).transpose()
}

/// What is known of an object.
pub(crate) async fn head(
    app: &AppState,
    call: Call,
    instance: Result<InstanceId, Error>,
    wanted: Result<ReadObject, Error>,
) -> Audited<Object> {
    let (mut trail, credentials) = call.begin(app, Action::Object(ObjectAction::Head));
    let outcome = async {
        let admission = admit(app, credentials, ObjectAction::Head, instance, &mut trail).await?;
        let wanted = wanted?;
        trail.object(&admission.resource, &wanted.name);
        let object = lookup(app, &admission, &wanted.name, &wanted.precondition).await?;
        let differs = wanted.precondition.differs(Some(object.checksum));
        Ok((if differs { Answer::Content } else { Answer::Unchanged }, object))
    }
    .await;
    finish(app, trail, outcome).await
}

async fn lookup(
    app: &AppState,
    admission: &Admission,
    name: &ObjectName,
    precondition: &Precondition,
) -> Result<Object, Error> {
    let object = app.store.object(&admission.grant, admission.resource.id, name).await?;
    let object = object.ok_or(Error::ObjectNotFound)?;
    if precondition.matches(Some(object.checksum)) { Ok(object) } else { Err(Error::PreconditionFailed) }
}

/// A page of objects, and whether there are more.
pub(crate) struct ObjectList {
    /// By name.
    pub(crate) objects: Vec<Object>,
    /// Whether there are more after the last one.
    pub(crate) more: bool,
}

/// Objects by name.
pub(crate) async fn list(
    app: &AppState,
    call: Call,
    instance: Result<InstanceId, Error>,
    page: Result<ObjectPage, Error>,
) -> Audited<ObjectList> {
    let (mut trail, credentials) = call.begin(app, Action::Object(ObjectAction::List));
    let outcome = async {
        let admission = admit(app, credentials, ObjectAction::List, instance, &mut trail).await?;
        let page = page?;
        let limit = page.limit as usize;
        let page = ObjectPage { limit: page.limit + 1, ..page };
        let mut objects = app.store.objects(&admission.grant, admission.resource.id, page).await?;
        let more = objects.len() > limit;
        objects.truncate(limit);
        trail.total(objects.len() as u64);
        Ok((Answer::Content, ObjectList { objects, more }))
    }
    .await;
    finish(app, trail, outcome).await
}

/// Removes an object.
pub(crate) async fn delete(
    app: &AppState,
    call: Call,
    instance: Result<InstanceId, Error>,
    name: Result<ObjectName, Error>,
    precondition: Precondition,
) -> Audited<()> {
    let (mut trail, credentials) = call.begin(app, Action::Object(ObjectAction::Delete));
    let outcome = async {
        let admission = admit(app, credentials, ObjectAction::Delete, instance, &mut trail).await?;
        let name = name?;
        trail.object(&admission.resource, &name);
        let event = event(app, &trail, Answer::Empty)?;
        let (grant, id) = (&admission.grant, admission.resource.id);
        let file = app.store.delete_object(grant, id, &name, precondition, event).await?;
        trail.recorded();
        remove_files(app, vec![file]).await;
        Ok((Answer::Empty, ()))
    }
    .await;
    finish(app, trail, outcome).await
}

/// A request that nothing answers; recorded like the others.
pub(crate) async fn unknown(
    app: &AppState,
    call: Call,
    instance: Result<InstanceId, Error>,
    why: Error,
) -> Audited<()> {
    let (mut trail, credentials) = call.begin(app, Action::Object(ObjectAction::Unknown));
    let outcome = async {
        admit(app, credentials, ObjectAction::Unknown, instance, &mut trail).await?;
        Err(why)
    }
    .await;
    finish(app, trail, outcome).await
}

async fn admit(
    app: &AppState,
    credentials: Credentials,
    action: ObjectAction,
    instance: Result<InstanceId, Error>,
    trail: &mut Trail,
) -> Result<Admission, Error> {
    let (caller, _) = credentials.identify(app).await?;
    Admission::ask(app, caller, action, instance?, trail).await
}

async fn discard<T>(app: &AppState, place: String, error: Error) -> Result<T, Error> {
    remove_files(app, vec![place]).await;
    Err(error)
}

/// The bytes of an object on their way out. A whole object's last piece is held back until the checksum holds.
pub(crate) struct ObjectBody {
    app: App,
    admission: Admission,
    confirmed: Timestamp,
    file: StoredFile,
    whole: Option<(Sha256, Checksum)>,
    held: Option<Bytes>,
}

impl ObjectBody {
    fn new(app: App, admission: Admission, file: StoredFile, whole: Option<Checksum>) -> Self {
        let confirmed = app.clock.now();
        let whole = whole.map(|checksum| (Sha256::new(), checksum));
        Self { app, admission, confirmed, file, whole, held: None }
    }

    /// The next bytes; `None` at the end. An error ends the answer, which its reader sees as cut off.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        self.confirm().await?;
        while let Some(piece) = self.file.next().await? {
            if let Some((digest, _)) = &mut self.whole {
                digest.update(&piece);
            }
            if let Some(held) = self.held.replace(piece) {
                return Ok(Some(held));
            }
        }
        if let Some((digest, expected)) = self.whole.take()
            && Checksum(digest.finalize().into()) != expected
        {
            self.held = None;
            return Err(Error::Corrupt("the file of an object was altered"));
        }
        Ok(self.held.take())
    }

    async fn confirm(&mut self) -> Result<(), Error> {
        let now = self.app.clock.now();
        if now.duration_since(self.confirmed).abs() >= CONFIRM_EVERY {
            self.admission.confirm(&self.app).await?;
            self.confirmed = now;
        }
        Ok(())
    }
}
