//! `/api/v2/keys/registrations` and `/api/v2/keys/{id}/registrations`.
//!
//! *Invariant:* extract → service → reply.

use axum::extract::State;
use percent_encoding::percent_decode_str;
use uuid::Uuid;

use crate::{
    error::Error,
    keys::{
        registration::RegistrationInput,
        resource::{CrnPattern, ResourceCrn},
        version::VersionId,
    },
    routes::{
        extract::{Body, KeyName, Params, Segments},
        keys::{date, page},
        reply::{self, Reply},
        wire::{self, registrations as rows},
    },
    service::{
        call::Call,
        registrations::{self as service, RegistrationsQuery, RegistrationsView, Write},
    },
    state::App,
    store::Registered,
};

pub(super) async fn list(State(app): State<App>, call: Call, params: Params) -> Reply {
    Reply::json(service::list(&app, call, None, query(&params)).await, collection)
}

pub(super) async fn list_of_key(State(app): State<App>, call: Call, KeyName(name): KeyName, params: Params) -> Reply {
    Reply::json(service::list(&app, call, Some(name), query(&params)).await, collection)
}

pub(super) async fn create(app: State<App>, call: Call, name: KeyName, path: Segments, body: Body) -> Reply {
    write(app, call, name, &path, body, Write::Create).await
}

pub(super) async fn replace(app: State<App>, call: Call, name: KeyName, path: Segments, body: Body) -> Reply {
    write(app, call, name, &path, body, Write::Replace).await
}

pub(super) async fn merge(app: State<App>, call: Call, name: KeyName, path: Segments, body: Body) -> Reply {
    write(app, call, name, &path, body, Write::Merge).await
}

pub(super) async fn delete(State(app): State<App>, call: Call, KeyName(name): KeyName, path: Segments) -> Reply {
    Reply::empty(service::delete(&app, call, name, resource(&path)).await)
}

async fn write(
    State(app): State<App>,
    call: Call,
    KeyName(name): KeyName,
    path: &Segments,
    body: Body,
    how: Write,
) -> Reply {
    let input = body.resource().and_then(input);
    let written = service::write(&app, call, name, resource(path), input, how).await;
    Reply::json(written, |registered| collection(RegistrationsView { registrations: vec![registered], total: None }))
}

fn resource(path: &Segments) -> Result<ResourceCrn, Error> {
    ResourceCrn::parse(&decoded_again(path.get("crn")))
}

fn input(body: rows::RegistrationInput) -> Result<RegistrationInput, Error> {
    let rows::RegistrationInput { description, prevent_key_deletion, key_version_id } = body;
    let version = key_version_id.map(|text| Uuid::try_parse(&text).map(VersionId)).transpose();
    let why = "not the id of a key version";
    let version = version.map_err(|_| Error::InvalidField { name: "keyVersionId", why })?;
    RegistrationInput::parse(description, prevent_key_deletion, version)
}

fn query(params: &Params) -> Result<RegistrationsQuery, Error> {
    let resource = params.get("urlEncodedResourceCRNQuery");
    Ok(RegistrationsQuery {
        page: page(params)?,
        total: params.flag("totalCount")?.unwrap_or_default(),
        resource: resource.map(|text| CrnPattern::parse(&decoded_again(text))).transpose()?,
        prevent_key_deletion: params.flag("preventKeyDeletion")?,
    })
}

/// Clients encode what they are given, and some are given what is encoded already. No CRN has a `%3A` of its own.
fn decoded_again(text: &str) -> String {
    if text.to_ascii_lowercase().contains("%3a") {
        percent_decode_str(text).decode_utf8_lossy().into_owned()
    } else {
        text.to_owned()
    }
}

fn collection(view: RegistrationsView) -> wire::Collection<rows::Registration> {
    let total = view.total.and_then(|total| usize::try_from(total).ok());
    reply::collection(rows::REGISTRATION_COLLECTION, view.registrations.into_iter().map(show).collect(), total)
}

fn show(registered: Registered) -> rows::Registration {
    let Registered { registration, key_name } = registered;
    rows::Registration {
        key_id: registration.key.to_string(),
        key_name,
        resource_crn: registration.resource_crn.to_string(),
        created_by: registration.created_by,
        creation_date: date(registration.created_at),
        updated_by: registration.updated_by,
        last_updated: date(registration.updated_at),
        description: registration.description,
        prevent_key_deletion: registration.prevent_key_deletion,
        key_version: wire::KeyVersion {
            id: registration.version.id.to_string(),
            creation_date: date(registration.version.created_at),
        },
    }
}
