//! Which key protects which resource: read by users, written by services.
//!
//! *Invariant:* only a service that acts for itself changes a registration, and only one of its own resources; it sees no
//! others either.

use crate::{
    audit::{Answer, Audited},
    error::Error,
    iam::roles::Action,
    keys::{
        alias::KeyRef,
        key::Key,
        registration::{Registration, RegistrationInput, check_removal},
        resource::{CrnPattern, ResourceCrn},
        version::Version,
    },
    service::{
        call::{ATTEMPTS, Call, Permitted, event, finish},
        keys::find,
    },
    state::AppState,
    store::{Page, Registered, RegistrationFilter},
};

/// What IAM ids of services that act for themselves begin with; their CRN follows.
const SERVICE_PREFIX: &str = "crn-";

/// What a list request asks for.
#[derive(Debug)]
pub(crate) struct RegistrationsQuery {
    /// Part of the list.
    pub(crate) page: Page,
    /// Whether to say how many there are in all.
    pub(crate) total: bool,
    /// Only of resources whose CRN fits.
    pub(crate) resource: Option<CrnPattern>,
    /// Only those that do (true) or do not (false) prevent the deletion of their key.
    pub(crate) prevent_key_deletion: Option<bool>,
}

/// Registrations with the names of their keys.
pub(crate) struct RegistrationsView {
    /// The page.
    pub(crate) registrations: Vec<Registered>,
    /// How many there are in all, if asked for.
    pub(crate) total: Option<u64>,
}

/// How a registration is written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Write {
    /// There is none yet.
    Create,
    /// Said anew, or created.
    Replace,
    /// Only what is given changes.
    Merge,
}

impl Write {
    const fn action(self) -> Action {
        match self {
            Self::Create => Action::CreateRegistration,
            Self::Replace => Action::ReplaceRegistration,
            Self::Merge => Action::MergeRegistration,
        }
    }

    const fn answer(self) -> Answer {
        match self {
            Self::Create => Answer::Created,
            Self::Replace | Self::Merge => Answer::Content,
        }
    }
}

/// Registrations of one key, or of all keys.
pub(crate) async fn list(
    app: &AppState,
    call: Call,
    name: Option<Result<KeyRef, Error>>,
    query: Result<RegistrationsQuery, Error>,
) -> Audited<RegistrationsView> {
    let (mut trail, credentials) = call.begin(app, Action::ListRegistrations);
    let outcome = async {
        let permitted = credentials.permit(app, &mut trail).await?;
        let key = match name {
            Some(name) => Some(find(app, &permitted, &name?, &mut trail).await?.0.id),
            None => None,
        };
        let RegistrationsQuery { page, total, resource, prevent_key_deletion } = query?;
        let own = service(&permitted)?.map(|service| service.owned());
        let resources = resource.into_iter().chain(own).collect();
        let filter = RegistrationFilter { key, ring: permitted.ring, resources, prevent_key_deletion };
        let total = match total {
            true => Some(app.store.count_registrations(&permitted.grant, filter.clone()).await?),
            false => None,
        };
        let registrations = app.store.registrations(&permitted.grant, filter, page).await?;
        trail.total(registrations.len() as u64);
        Ok((Answer::Content, RegistrationsView { registrations, total }))
    }
    .await;
    finish(app, trail, outcome).await
}

/// Ties one of the calling service's resources to a key, or changes what is said about it.
pub(crate) async fn write(
    app: &AppState,
    call: Call,
    name: Result<KeyRef, Error>,
    resource: Result<ResourceCrn, Error>,
    input: Result<RegistrationInput, Error>,
    how: Write,
) -> Audited<Registered> {
    let (mut trail, credentials) = call.begin(app, how.action());
    let outcome = async {
        let permitted = credentials.permit(app, &mut trail).await?;
        let resource = own(&permitted, resource)?;
        let (name, input) = (name?, input?);
        for _ in 0..ATTEMPTS {
            let (key, now) = find(app, &permitted, &name, &mut trail).await?;
            let registration = written(app, &permitted, &key, &resource, input.clone(), how, now).await?;
            trail.version(registration.version);
            let event = event(app, &trail, how.answer())?;
            if app.store.save_registration(&permitted.grant, &key, registration.clone(), event).await? {
                trail.recorded();
                return Ok((how.answer(), Registered { registration, key_name: key.name }));
            }
        }
        Err(Error::Contended)
    }
    .await;
    finish(app, trail, outcome).await
}

async fn written(
    app: &AppState,
    permitted: &Permitted,
    key: &Key,
    resource: &ResourceCrn,
    input: RegistrationInput,
    how: Write,
    now: jiff::Timestamp,
) -> Result<Registration, Error> {
    let by = permitted.grant.holder();
    let present = app.store.registration(&permitted.grant, key.id, resource).await?;
    let sealed = app.store.versions(&permitted.grant, key.id).await?;
    let versions: Vec<Version> = sealed.into_iter().map(|sealed| sealed.version).collect();
    match (present, how) {
        (Some(_), Write::Create) => Err(Error::RegistrationExists),
        (None, Write::Merge) => Err(Error::RegistrationNotFound),
        (None, Write::Create | Write::Replace) => {
            Registration::create(key, &versions, resource.clone(), input, now, by)
        }
        (Some(mut present), Write::Replace) => {
            present.replace(key, &versions, input, now, by)?;
            Ok(present)
        }
        (Some(mut present), Write::Merge) => {
            present.merge(key, &versions, input, now, by)?;
            Ok(present)
        }
    }
}

/// Unties one of the calling service's resources from a key.
pub(crate) async fn delete(
    app: &AppState,
    call: Call,
    name: Result<KeyRef, Error>,
    resource: Result<ResourceCrn, Error>,
) -> Audited<()> {
    let (mut trail, credentials) = call.begin(app, Action::DeleteRegistration);
    let outcome = async {
        let permitted = credentials.permit(app, &mut trail).await?;
        let resource = own(&permitted, resource)?;
        let (key, now) = find(app, &permitted, &name?, &mut trail).await?;
        check_removal(&key, now)?;
        let event = event(app, &trail, Answer::Empty)?;
        if !app.store.delete_registration(&permitted.grant, &key, &resource, event).await? {
            return Err(Error::RegistrationNotFound);
        }
        trail.recorded();
        Ok((Answer::Empty, ()))
    }
    .await;
    finish(app, trail, outcome).await
}

/// The resource, if the caller is the service that it belongs to.
fn own(permitted: &Permitted, resource: Result<ResourceCrn, Error>) -> Result<ResourceCrn, Error> {
    let service = service(permitted)?.ok_or(Error::ServiceOnly)?;
    let resource = resource?;
    if service.owns(&resource) { Ok(resource) } else { Err(Error::ResourceOwner) }
}

/// The caller's own name, if it is a service that acts for itself.
fn service(permitted: &Permitted) -> Result<Option<ResourceCrn>, Error> {
    permitted.grant.holder().strip_prefix(SERVICE_PREFIX).map(ResourceCrn::parse).transpose()
}
