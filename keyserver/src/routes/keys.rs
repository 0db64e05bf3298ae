//! `/api/v2/keys` and one key.
//!
//! *Invariant:* extract → service → reply; bodies become domain input here and nowhere else.

use axum::extract::State;
use base64ct::{Base64, Encoding};
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::{
    error::Error,
    keys::{
        import_token::GivenMaterial,
        key::{Key, Label, NewKey},
        material::Secret,
        policy::FirstPolicies,
    },
    routes::{
        extract::{Body, KeyName, Params, Prefer},
        import_token::given,
        policies,
        reply::{self, Reply},
        wire,
    },
    service::{
        call::Call,
        keys::{self as service, Change, KeyView},
        lifecycle,
    },
    state::App,
    store::Page,
};

const MAX_PAGE: u32 = 5000;
const DEFAULT_PAGE: u32 = 200;
/// "Why not active" of a deleted key in IBM's samples.
const REASON_DELETED: u8 = 2;

pub(super) async fn create(State(app): State<App>, call: Call, prefer: Prefer, body: Body) -> Reply {
    let input = body.resource().and_then(new_key);
    Reply::json(service::create(&app, call, input).await, |view| made(view, prefer))
}

pub(super) async fn create_with_policies(State(app): State<App>, call: Call, prefer: Prefer, body: Body) -> Reply {
    let input = body.resource().and_then(new_key_with_policies);
    Reply::json(service::create_with_policies(&app, call, input).await, |view| made(view, prefer))
}

pub(super) async fn read(State(app): State<App>, call: Call, KeyName(name): KeyName) -> Reply {
    Reply::json(service::read(&app, call, name).await, |view| collection(vec![view]))
}

pub(super) async fn metadata(State(app): State<App>, call: Call, KeyName(name): KeyName) -> Reply {
    Reply::json(service::metadata(&app, call, name).await, |view| collection(vec![view]))
}

pub(super) async fn delete(
    State(app): State<App>,
    call: Call,
    KeyName(name): KeyName,
    prefer: Prefer,
    params: Params,
) -> Reply {
    let (name, force) = match params.flag("force") {
        Ok(force) => (name, force.unwrap_or_default()),
        Err(error) => (Err(error), false),
    };
    let deleted = service::change(&app, call, name, Change::Delete { show: prefer.shows(), force }).await;
    Reply::json(deleted, |view| collection(vec![view]))
}

pub(super) async fn purge(State(app): State<App>, call: Call, KeyName(name): KeyName, prefer: Prefer) -> Reply {
    Reply::json(lifecycle::purge(&app, call, name, prefer.shows()).await, |view| collection(vec![view]))
}

pub(super) async fn restore(
    State(app): State<App>,
    call: Call,
    KeyName(name): KeyName,
    prefer: Prefer,
    body: Body,
) -> Reply {
    let material = body.optional().and_then(|body| body.map_or(Ok(None), restore_material));
    Reply::json(lifecycle::restore(&app, call, name, material).await, |view| made(view, prefer))
}

/// The policies of `/keys_with_policy_overrides` belong to that path alone.
fn new_key(key: wire::CreateKey) -> Result<NewKey, Error> {
    if key.rotation.is_some() || key.dual_auth_delete.is_some() {
        return Err(Error::BadBody("policies of a new key are for /keys_with_policy_overrides"));
    }
    new_key_of(key, FirstPolicies::OfInstance)
}

fn new_key_with_policies(key: wire::CreateKey) -> Result<NewKey, Error> {
    let rotation = key.rotation.as_ref().map(policies::rotation_change).transpose()?;
    let dual_auth = key.dual_auth_delete.as_ref().map(policies::dual_auth_change).transpose()?;
    new_key_of(key, FirstPolicies::Only(rotation.into_iter().chain(dual_auth).collect()))
}

fn new_key_of(key: wire::CreateKey, policies: FirstPolicies) -> Result<NewKey, Error> {
    let missing = |name| Error::InvalidField { name, why: "required" };
    let wire::CreateKey { payload, encrypted_nonce, iv, encryption_algorithm, .. } = key;
    let material = given(wire::Rotate { payload, encrypted_nonce, iv, encryption_algorithm })?;
    Ok(NewKey {
        label: Label::parse(
            key.name.ok_or_else(|| missing("name"))?,
            key.description,
            key.tags.unwrap_or_default(),
            &key.aliases.unwrap_or_default(),
        )?,
        extractable: key.extractable.ok_or_else(|| missing("extractable"))?,
        expires_at: key.expiration_date.as_deref().map(expiration).transpose()?,
        material,
        policies,
    })
}

/// The older form of restore, in either of its shapes.
fn restore_material(body: wire::Restore) -> Result<Option<GivenMaterial>, Error> {
    let wire::Restore { resources, payload, encrypted_nonce, iv, encryption_algorithm } = body;
    let key = match resources {
        None => wire::Rotate { payload, encrypted_nonce, iv, encryption_algorithm },
        Some(resources) => {
            let [key] = <[_; 1]>::try_from(resources)
                .map_err(|_| Error::BadBody("`resources` needs exactly the key to restore"))?;
            key
        }
    };
    given(key)
}

fn expiration(text: &str) -> Result<Timestamp, Error> {
    text.parse().map_err(|_| Error::InvalidField { name: "expirationDate", why: "not an RFC 3339 date and time" })
}

/// Standard base64 with padding, and not empty.
pub(super) fn material(name: &'static str, text: &str) -> Result<Secret, Error> {
    match Base64::decode_vec(text) {
        Ok(bytes) if !bytes.is_empty() => Ok(Secret::new(bytes)),
        Ok(_) => Err(Error::InvalidField { name, why: "empty; leave it out to have a key generated" }),
        Err(_) => Err(Error::InvalidField { name, why: "not standard base64 with padding and without line breaks" }),
    }
}

/// A secret as the wire has it.
pub(super) fn base64(secret: &Secret) -> Zeroizing<String> {
    // Exposed for the one answer that hands it to its owner.
    Zeroizing::new(Base64::encode_string(secret.expose()))
}

pub(super) fn page(params: &Params) -> Result<Page, Error> {
    Ok(Page {
        limit: params.number("limit", 1..=MAX_PAGE, "must be a number from 1 to 5000")?.unwrap_or(DEFAULT_PAGE),
        offset: params.number("offset", 0..=u32::MAX, "must be a number from 0")?.unwrap_or(0),
    })
}

/// What a request that makes a key or brings it back answers.
fn made(view: KeyView, prefer: Prefer) -> wire::Collection<wire::MadeKey> {
    let key = if prefer == Prefer::Minimal {
        wire::MadeKey::Short(summary(view))
    } else {
        wire::MadeKey::Whole(Box::new(show(view)))
    };
    reply::collection(wire::KEY_COLLECTION, vec![key], None)
}

fn summary(KeyView { key, instance, now, .. }: KeyView) -> wire::ShortKey {
    wire::ShortKey {
        r#type: wire::KEY_COLLECTION,
        id: key.id.to_string(),
        state: key.state(now).number(),
        crn: instance.key_crn(key.id),
        deleted: key.deletion.is_some(),
        name: key.name,
        description: key.description,
        extractable: key.extractable,
        imported: key.imported,
    }
}

pub(super) fn collection(views: Vec<KeyView>) -> wire::Collection<wire::Key> {
    reply::collection(wire::KEY_COLLECTION, views.into_iter().map(show).collect(), None)
}

pub(super) fn show(view: KeyView) -> wire::Key {
    let KeyView { key, instance, now, payload } = view;
    let deleted = key.deletion.is_some();
    wire::Key {
        r#type: wire::KEY_COLLECTION,
        id: key.id.to_string(),
        state: key.state(now).number(),
        crn: instance.key_crn(key.id),
        creation_date: date(key.created_at),
        algorithm_type: "AES",
        algorithm_metadata: wire::AlgorithmMetadata { bit_length: key.bits.to_string(), mode: "CBC_PAD" },
        algorithm_bit_size: key.bits,
        algorithm_mode: "CBC_PAD",
        expiration_date: key.expires_at.map(date),
        last_update_date: key.updated_at.map(date),
        last_rotate_date: key.rotated_at.map(date),
        key_version: (!key.extractable && !deleted)
            .then(|| wire::KeyVersion { id: key.current.id.to_string(), creation_date: date(key.current.created_at) }),
        dual_auth_delete: show_dual_auth(&key, now),
        rotation: key.rotation.as_ref().map(policies::rotation),
        nonactive_state_reason: deleted.then_some(REASON_DELETED),
        deleted,
        deletion: show_deletion(&key, now),
        payload: payload.as_ref().map(base64),
        aliases: key.aliases.iter().map(|alias| alias.as_str().to_owned()).collect(),
        name: key.name,
        description: key.description,
        tags: key.tags,
        extractable: key.extractable,
        imported: key.imported,
        key_ring_id: key.ring,
        created_by: key.created_by,
    }
}

fn show_dual_auth(key: &Key, now: Timestamp) -> wire::policies::DualAuthDelete {
    let pending = key.dual_auth.as_ref().and_then(|policy| policy.pending(now));
    wire::policies::DualAuthDelete {
        enabled: key.dual_auth.as_ref().is_some_and(|policy| policy.enabled),
        key_set_for_deletion: pending.map(|_| true),
        auth_expiration: pending.map(|given| date(given.until)),
    }
}

fn show_deletion(key: &Key, now: Timestamp) -> Option<wire::Deletion> {
    let deletion = key.deletion.as_ref()?;
    Some(wire::Deletion {
        deletion_date: date(deletion.at),
        deleted_by: deletion.by.clone(),
        restore_allowed: key.is_restorable(now),
        restore_expiration_date: key.restore_until().map(date),
        purge_allowed: key.require_purgeable(now).is_ok(),
        purge_allowed_from: key.purge_from().map(date),
        purge_scheduled_on: key.purge_scheduled().map(date),
    })
}

/// RFC 3339 in UTC, whole seconds.
pub(super) fn date(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
