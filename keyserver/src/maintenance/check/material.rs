//! Material against its custody: everything that is sealed opens, and every root key unwraps what it wraps.
//!
//! *Invariant:* a data key that was tried with is compared and wiped, never kept.

use uuid::Uuid;

use super::{
    CheckReport, Tools,
    rows::{Key, Rows, Sealed, Version},
};
use crate::{
    crypto::seal::{Place, TokenPart, VersionPlace},
    error::Error,
    keys::{
        aad::Aad,
        crn::InstanceId,
        key::KeyId,
        material::{SealedMaterial, Secret},
        version::{CustodyKind, Held, VersionId},
    },
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
    for sealed in &rows.sealed {
        match sealed {
            Sealed::SigningKey { id, sealed } => {
                open(sealed, Place::TokenSigningKey(id), &format!("signing_keys {id}"), tools, report);
            }
            Sealed::AuditKey { sealed } => open(sealed, Place::AuditSigningKey, "audit_keys", tools, report),
            Sealed::ImportToken { instance, token, private_key, nonce } => {
                let place = |part| Place::ImportToken { instance: InstanceId(*instance), token: *token, part };
                let what = format!("import_tokens {token}");
                open(private_key, place(TokenPart::PrivateKey), &what, tools, report);
                open(nonce, place(TokenPart::Nonce), &what, tools, report);
            }
        }
    }
}

async fn try_version(key: &Key, version: &Version, kind: CustodyKind, tools: &Tools<'_>) -> Result<(), Error> {
    let place = place(key, version.key, version.id);
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

fn place(key: &Key, id: Uuid, version: Uuid) -> VersionPlace {
    VersionPlace {
        instance: InstanceId(key.instance),
        key: KeyId(id),
        version: VersionId(version),
        extractable: key.extractable,
        imported: key.imported,
    }
}

fn open(sealed: &[u8], place: Place<'_>, what: &str, tools: &Tools<'_>, report: &mut CheckReport) {
    let sealed = SealedMaterial::from_sealed_bytes(sealed.to_vec());
    if let Err(error) = tools.sealer.open(&sealed, place) {
        report.find("MATERIAL", what, error.detail());
    }
}
