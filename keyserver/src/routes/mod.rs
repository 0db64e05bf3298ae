//! The route table, one line per endpoint.
//!
//! *Invariant:* no bodies, no rules, no status codes here.

mod actions;
mod aliases;
mod api_keys;
mod assets;
mod audit;
mod console;
mod extract;
mod health;
mod iam_policies;
mod iam_policy_shape;
mod identities;
mod identity;
mod identity_lists;
mod import_token;
mod instance_keys;
mod instance_policies;
mod keys;
mod legacy;
mod limit;
mod lists;
mod objects;
mod observe;
mod openapi;
mod policies;
mod reclamations;
mod registrations;
pub(crate) mod reply;
mod resources;
mod rings;
mod unclassified;
mod usage;
mod users;
mod versions;
mod wire;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{delete, get, post},
};

use crate::state::App;

/// Every path this server answers.
pub(crate) fn router(app: App) -> Router {
    let key_protect = Router::new()
        .route("/keys", get(lists::list).head(lists::count).post(keys::create))
        .route("/keys/registrations", get(registrations::list))
        .route("/keys/{id}", get(keys::read).post(legacy::act).patch(rings::move_key).delete(keys::delete))
        .route("/keys/{id}/metadata", get(keys::metadata))
        .route("/keys/{id}/restore", post(keys::restore))
        .route("/keys/{id}/purge", delete(keys::purge))
        .route("/keys/{id}/versions", get(versions::list))
        .route("/keys/{id}/actions/wrap", post(actions::wrap))
        .route("/keys/{id}/actions/unwrap", post(actions::unwrap))
        .route("/keys/{id}/actions/rewrap", post(actions::rewrap))
        .route("/keys/{id}/actions/rotate", post(actions::rotate))
        .route("/keys/{id}/actions/disable", post(actions::disable))
        .route("/keys/{id}/actions/enable", post(actions::enable))
        .route("/keys/{id}/actions/setKeyForDeletion", post(actions::set_for_deletion))
        .route("/keys/{id}/actions/unsetKeyForDeletion", post(actions::unset_for_deletion))
        .route("/keys/{id}/policies", get(policies::read).put(policies::write))
        .route("/keys/{id}/registrations", get(registrations::list_of_key))
        .route(
            "/keys/{id}/registrations/{crn}",
            post(registrations::create)
                .put(registrations::replace)
                .patch(registrations::merge)
                .delete(registrations::delete),
        )
        .route("/keys/{id}/actions/sync", post(actions::sync))
        .route("/keys/{id}/aliases/{alias}", post(aliases::create).delete(aliases::delete))
        .route("/import_token", get(import_token::read).post(import_token::create))
        .route("/key_rings", get(rings::list))
        .route("/key_rings/{id}", post(rings::create).delete(rings::delete))
        .route("/keys_with_policy_overrides", post(keys::create_with_policies))
        .route("/instance/allowed_ip_port", get(instance_policies::allowed_ip_port))
        .route("/instance/policies", get(instance_policies::read).put(instance_policies::write))
        .fallback(unclassified::no_such_path)
        .method_not_allowed_fallback(unclassified::wrong_method);
    let services = Router::new()
        .route("/{instance}/objects", get(objects::list))
        .route(
            "/{instance}/objects/{*name}",
            get(objects::get).head(objects::head).put(objects::put).delete(objects::delete),
        )
        .route("/{instance}/api/v2/keys/{key}/actions/wrap", post(instance_keys::wrap))
        .route("/{instance}/api/v2/keys/{key}/actions/unwrap", post(instance_keys::unwrap))
        .route("/{instance}/api/v2/keys/{key}/actions/rewrap", post(instance_keys::rewrap))
        .route("/{instance}", get(objects::unknown))
        .route("/{instance}/{*rest}", get(objects::unknown))
        .method_not_allowed_fallback(objects::wrong_method);
    Router::new()
        .nest("/api/v2", key_protect)
        .nest("/services/v1", services)
        // Beside the others, as whoever asks for a token has none yet, not even to be told which methods there are.
        .route("/services/v1/{instance}/identity/token", post(identity::token))
        .route("/identity/token", post(identity::token))
        .route("/oidc/token", post(identity::token))
        .route("/identity/keys", get(identity::keys))
        .route("/identity/.well-known/openid-configuration", get(identity::discovery))
        // IBM's clients write the collection with a slash at its end.
        .route("/v1/serviceids", get(identities::list).post(identities::create))
        .route("/v1/serviceids/", get(identities::list).post(identities::create))
        .route("/v1/serviceids/{id}", get(identities::read).put(identities::update).delete(identities::delete))
        .route("/v1/serviceids/{id}/lock", post(identities::lock).delete(identities::unlock))
        .route("/v1/apikeys", get(api_keys::list).post(api_keys::create))
        .route("/v1/apikeys/details", get(api_keys::details))
        .route("/v1/apikeys/{id}", get(api_keys::read).put(api_keys::update).delete(api_keys::delete))
        .route("/v1/apikeys/{id}/lock", post(api_keys::lock).delete(api_keys::unlock))
        .route("/v1/apikeys/{id}/disable", post(api_keys::disable).delete(api_keys::enable))
        .route("/v2/accounts/{account}/users", get(users::list).post(users::invite))
        .route("/v2/accounts/{account}/users/{iam_id}", get(users::read).patch(users::update).delete(users::remove))
        .route("/v1/policies", get(iam_policies::list).post(iam_policies::create))
        .route(
            "/v1/policies/{id}",
            get(iam_policies::read).put(iam_policies::update).patch(iam_policies::restore).delete(iam_policies::delete),
        )
        .route("/v2/policies", get(iam_policies::list_v2).post(iam_policies::create_v2))
        .route(
            "/v2/policies/{id}",
            get(iam_policies::read_v2).put(iam_policies::update_v2).delete(iam_policies::delete),
        )
        .route("/v2/resource_instances", get(resources::list).post(resources::create))
        .route("/v2/resource_instances/{id}", get(resources::read).patch(resources::update).delete(resources::delete))
        .route("/v2/resource_instances/{id}/lock", post(resources::lock).delete(resources::unlock))
        .route("/usage/v1/instances/{id}", get(usage::read))
        .route("/v1/reclamations", get(reclamations::list))
        .route("/v1/reclamations/{id}/actions/reclaim", post(reclamations::reclaim))
        .route("/v1/reclamations/{id}/actions/restore", post(reclamations::restore))
        .route("/audit/v1/events", get(audit::events))
        .route("/audit/v1/export", get(audit::export))
        .route("/audit/v1/checkpoints", get(audit::checkpoints))
        .route("/audit/v1/keys", get(audit::keys))
        .route("/console/session", get(console::session).post(console::sign_in).delete(console::sign_out))
        .route("/console/token", post(console::token))
        .merge(well_being())
        .route("/openapi.json", get(openapi::document))
        .fallback(assets::serve)
        .layer(DefaultBodyLimit::max(extract::MAX_BODY_BYTES))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), limit::limit))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), observe::observe))
        .with_state(app)
}

/// What balancers and monitors ask, without a token.
pub(crate) fn well_being() -> Router<App> {
    Router::new().route("/health", get(health::health)).route("/ready", get(health::ready))
}
