//! Material against its custody: everything that is sealed opens, and every root key unwraps what it wraps.
//!
//! *Invariant:* a data key that was tried with is compared and wiped, never kept.

use uuid::Uuid;

use super::{
    CheckReport, Tools,
    rows::{Key, Rows, Version},
};
use crate::{
    crypto::seal::VersionPlace,
    error::Error,
    keys::{
        aad::Aad,
        crn::InstanceId,
        key::KeyId,
        material::{SealedMaterial, Secret},
        version::{CustodyKind, Held, VersionId},
    },
    maintenance::master_key::place,
    store::resealing::{SealedAt, SealedItem},
};

pub(super) async fn check(rows: &Rows, tools: &Tools<'_>, report: &mut CheckReport) {
    for version in &rows.versions {
        let (Some(key), Some(kind)) = (rows.keys.get(&version.key), CustodyKind::from_number(version.custody)) else {
            continue;
        };
        report.versions += 1;
        if let Err(error) = try_version(key, version, kind, tools).await {
            report.find("MATERIAL", format!("key_versions {} of key {}", version.id, version.key), error.detail());
        }
    }
    for SealedItem { at, sealed } in &rows.sealed {
        let sealed = SealedMaterial::from_sealed_bytes(sealed.clone());
        if let Err(error) = tools.sealer.open(&sealed, place(at)) {
            report.find("MATERIAL", row(at), error.detail());
        }
    }
}

/// The row of something that is sealed.
fn row(at: &SealedAt) -> String {
    match at {
        SealedAt::Version { key, version, .. } => format!("key_versions {version} of key {key}"),
        SealedAt::SigningKey(id) => format!("signing_keys {id}"),
        SealedAt::AuditKey => "audit_keys".to_owned(),
        SealedAt::TokenPrivateKey { token, .. } | SealedAt::TokenNonce { token, .. } => {
            format!("import_tokens {token}")
        }
    }
}

async fn try_version(key: &Key, version: &Version, kind: CustodyKind, tools: &Tools<'_>) -> Result<(), Error> {
    let place = version_place(key, version.key, version.id);
    let held = Held { kind, bytes: version.material.clone() };
    if key.extractable {
        return tools.custody.payload(&place, &held).map(drop);
    }
    let dek = Secret::random(32, tools.entropy);
    let aad = Aad::default();
    let wrapped = tools.custody.wrap(&place, &held, &dek, &aad).await?;
    match tools.custody.unwrap(&place, &held, &wrapped.dek, &aad).await? {
        Some(again) if again.dek.holds_same(&dek) => Ok(()),
        _ => Err(Error::Corrupt("a data key does not come back as it went in")),
    }
}

fn version_place(key: &Key, id: Uuid, version: Uuid) -> VersionPlace {
    VersionPlace {
        instance: InstanceId(key.instance),
        key: KeyId(id),
        version: VersionId(version),
        extractable: key.extractable,
        imported: key.imported,
    }
}
