//! What the server does with what a custody answers.

use std::sync::Arc;

use super::*;
use crate::{
    crypto::{gcm::NONCE_BYTES, seal::Sealer},
    keys::{crn::InstanceId, environment::Entropy, key::KeyId, version::VersionId},
    state::SystemEntropy,
};

/// Claims to encrypt, and answers so many bytes whatever it was given.
struct Liar {
    answer_bytes: usize,
}

#[async_trait]
impl Custody for Liar {
    async fn make(&self, _: &VersionPlace, _: &Origin) -> Result<Vec<u8>, Error> {
        Ok(b"a name".to_vec())
    }

    async fn wrap(&self, _: &VersionPlace, _: &[u8], _: &Secret, _: &Aad) -> Result<Body, Error> {
        Ok(Body::Direct { nonce: [0; NONCE_BYTES], ciphertext: vec![0; self.answer_bytes] })
    }

    async fn unwrap(&self, _: &VersionPlace, _: &[u8], _: &Body, _: &Aad) -> Result<Option<Secret>, Error> {
        Ok(Some(Secret::new(vec![0; self.answer_bytes])))
    }

    async fn is_made_of(&self, _: &VersionPlace, _: &[u8], _: &Secret) -> Result<bool, Error> {
        Ok(true)
    }

    async fn destroy(&self, _: &[u8]) -> Result<(), Error> {
        Ok(())
    }

    async fn check(&self) -> Result<(), Error> {
        Err(Error::CustodyUnreachable { detail: "it is away".to_owned(), retry_after: Some(7) })
    }
}

fn custodies(others: Vec<(CustodyKind, Box<dyn KeyCustody>)>) -> Custodies {
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let sealer = Arc::new(Sealer::new(Secret::random(32, &*entropy)));
    Custodies::new(FileCustody::new(sealer, entropy), others, CustodyKind::Gateway)
}

fn with_liar(answer_bytes: usize) -> Custodies {
    custodies(vec![(CustodyKind::Gateway, Box::new(Liar { answer_bytes }))])
}

fn place(extractable: bool) -> VersionPlace {
    let mut ids = (0..3).map(|_| SystemEntropy.uuid());
    let mut id = || ids.next().expect("three");
    VersionPlace {
        instance: InstanceId(id()),
        key: KeyId(id()),
        version: VersionId(id()),
        extractable,
        imported: false,
    }
}

#[tokio::test]
async fn an_answer_of_the_wrong_length_is_not_believed() {
    let (place, aad, dek) = (place(false), Aad::default(), Secret::new(vec![1; 32]));
    for answer_bytes in [0, 32, 47, 49] {
        let custodies = with_liar(answer_bytes);
        let (_, held) = custodies.make(&place, None, &Origin::Generated).await.expect("made");
        let wrapped = custodies.wrap(&place, &held, &dek, &aad).await;
        assert!(matches!(wrapped, Err(Error::CustodyLied(_))), "{answer_bytes} bytes");
    }
    let custodies = with_liar(48);
    let (_, held) = custodies.make(&place, None, &Origin::Generated).await.expect("made");
    let wrapped = custodies.wrap(&place, &held, &dek, &aad).await.expect("of the right length");
    let unwrapped = custodies.unwrap(&place, &held, &wrapped.dek, &aad).await;
    assert!(matches!(unwrapped, Err(Error::CustodyLied(_))));
}

#[tokio::test]
async fn a_key_of_a_custody_that_is_not_set_up_is_out_of_reach() {
    let custodies = custodies(Vec::new());
    let made = custodies.make(&place(false), None, &Origin::Generated).await;
    assert!(matches!(made, Err(Error::CustodyUnreachable { retry_after: None, .. })));
    assert!(custodies.check().await.is_ok());
    assert!(matches!(with_liar(0).check().await, Err(Error::CustodyUnreachable { retry_after: Some(7), .. })));
}

#[tokio::test]
async fn standard_keys_are_in_file_custody_and_only_they_are_shown() {
    let custodies = with_liar(0);
    let standard = place(true);
    let (_, held) =
        custodies.make(&standard, None, &Origin::Given(Secret::new(b"shown".to_vec()))).await.expect("made");
    assert_eq!(held.kind, CustodyKind::File);
    assert_eq!(custodies.payload(&standard, &held).expect("shown").expose(), b"shown");
    let root = place(false);
    let in_file = Custody::make(&custodies.file, &root, &Origin::Generated).await.expect("made");
    for held in
        [custodies.make(&root, None, &Origin::Generated).await.expect("made").1, Held { bytes: in_file, ..held }]
    {
        assert!(matches!(custodies.payload(&root, &held), Err(Error::CustodyRefused(_))));
    }
}

#[tokio::test]
async fn file_custody_knows_its_material_and_opens_it_in_its_place_only() {
    let custodies = custodies(Vec::new());
    let (here, there, aad) = (place(false), place(false), Aad::default());
    let material = || Secret::new((0..16).collect());
    let bytes = Custody::make(&custodies.file, &here, &Origin::Given(material())).await.expect("made");
    let held = Held { kind: CustodyKind::File, bytes };
    assert!(custodies.is_made_of(&here, &held, &material()).await.expect("told"));
    assert!(!custodies.is_made_of(&here, &held, &Secret::new(vec![0; 16])).await.expect("told"));
    let moved = custodies.wrap(&there, &held, &material(), &aad).await;
    assert!(matches!(moved, Err(Error::Corrupt(_))));
}
