//! The HTTP surface, called in process with a clock that only moves when told to; folders and files mirror the URL tree.

#[path = "support/api.rs"]
mod support;
#[path = "support/iam.rs"]
mod support_iam;
#[path = "support/upstream.rs"]
mod support_upstream;

#[path = "api/actions.rs"]
mod actions;
#[path = "api/aliases.rs"]
mod aliases;
#[path = "api/audit.rs"]
mod audit;
#[path = "api/audit_trail.rs"]
mod audit_trail;
#[path = "api/authorization.rs"]
mod authorization;
#[path = "api/authorizations.rs"]
mod authorizations;
#[path = "api/backup.rs"]
mod backup;
#[path = "api/chores.rs"]
mod chores;
#[path = "api/console.rs"]
mod console;
#[path = "api/encrypted.rs"]
mod encrypted;
#[path = "api/first_policies.rs"]
mod first_policies;
#[path = "api/fsck.rs"]
mod fsck;
#[path = "api/gateway.rs"]
mod gateway;
#[path = "api/gateway_chain.rs"]
mod gateway_chain;
#[path = "api/gateway_limits.rs"]
mod gateway_limits;
#[path = "api/iam_policies.rs"]
mod iam_policies;
#[path = "api/identities.rs"]
mod identities;
#[path = "api/identity.rs"]
mod identity;
#[path = "api/import_token.rs"]
mod import_token;
#[path = "api/instance_keys.rs"]
mod instance_keys;
#[path = "api/instance_policies.rs"]
mod instance_policies;
#[path = "api/keys.rs"]
mod keys;
#[path = "api/legacy.rs"]
mod legacy;
#[path = "api/lifecycle.rs"]
mod lifecycle;
#[path = "api/limits.rs"]
mod limits;
#[path = "api/lists.rs"]
mod lists;
#[path = "api/matrix.rs"]
mod matrix;
#[path = "api/networks.rs"]
mod networks;
#[path = "api/objects.rs"]
mod objects;
#[path = "api/openapi.rs"]
mod openapi;
#[path = "api/policies.rs"]
mod policies;
#[path = "api/purge.rs"]
mod purge;
#[path = "api/registrations.rs"]
mod registrations;
#[path = "api/resources.rs"]
mod resources;
#[path = "api/restore.rs"]
mod restore;
#[path = "api/revocation.rs"]
mod revocation;
#[path = "api/rings.rs"]
mod rings;
#[path = "api/rotation_by_policy.rs"]
mod rotation_by_policy;
#[path = "api/signing_keys.rs"]
mod signing_keys;
#[path = "api/standing.rs"]
mod standing;
#[path = "api/storage.rs"]
mod storage;
#[path = "api/sync.rs"]
mod sync;
#[path = "api/uploads.rs"]
mod uploads;
#[path = "api/usage.rs"]
mod usage;
#[path = "api/versions.rs"]
mod versions;
#[path = "api/wrapping.rs"]
mod wrapping;
