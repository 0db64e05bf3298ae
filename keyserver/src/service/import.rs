//! Import tokens, and material that comes in encrypted for one.
//!
//! *Invariant:* RSA runs on threads that no request waits for in line, one key generation at a time.

use crate::{
    audit::{Answer, Audited},
    crypto::{
        import::{self, NONCE_BYTES},
        seal::{Place, TokenPart},
    },
    error::Error,
    iam::roles::Action,
    keys::{
        import_token::{GivenMaterial, ImportToken, Terms},
        material::Secret,
    },
    service::{
        apart::apart,
        call::{Call, Permitted, event, finish},
    },
    state::AppState,
};

/// When a place among those who wait for a key pair is likely to be free, in seconds.
const QUEUE_SECONDS: u32 = 5;

/// A token with what is needed to encrypt for it.
pub(crate) struct RetrievedToken {
    /// The token.
    pub(crate) token: ImportToken,
    /// Its public key as a PEM text.
    pub(crate) public_pem: String,
    /// Its nonce.
    pub(crate) nonce: Secret,
}

/// Makes a token; the instance's last one is gone then.
pub(crate) async fn create_token(app: &AppState, call: Call, terms: Result<Terms, Error>) -> Audited<ImportToken> {
    let (mut trail, credentials) = call.begin(app, Action::CreateImportToken);
    let outcome = async {
        let caller = credentials.caller();
        let permitted = credentials.permit(app, &mut trail).await?;
        let terms = terms?;
        let pair = {
            let busy = || Error::ImportTokensBusy { seconds: QUEUE_SECONDS };
            let _place = app.generation_queue.try_acquire().map_err(|_| busy())?;
            let _turn = app.generation.acquire().await.expect("never closed");
            apart(import::generate).await?
        };
        // It may have taken long, and access may have been taken away meanwhile.
        let permitted = permitted.again(app, caller, &trail).await?;
        let (id, instance) = (app.entropy.uuid(), permitted.instance.id);
        let seal = |secret: &Secret, part| {
            app.sealer.seal(secret, Place::ImportToken { instance, token: id, part }, &*app.entropy)
        };
        let private_key = seal(&pair.private, TokenPart::PrivateKey)?;
        let nonce = seal(&Secret::random(NONCE_BYTES, &*app.entropy), TokenPart::Nonce)?;
        let token = ImportToken::create(id, terms, app.clock.now(), pair.public, private_key, nonce);
        trail.retrievals(&token);
        let event = event(app, &trail, Answer::Content)?;
        app.store.replace_import_token(&permitted.grant, token.clone(), event).await?;
        trail.recorded();
        Ok((Answer::Content, token))
    }
    .await;
    finish(app, trail, outcome).await
}

/// Retrieves the token, which can be done a limited number of times.
pub(crate) async fn read_token(app: &AppState, call: Call) -> Audited<RetrievedToken> {
    let (mut trail, credentials) = call.begin(app, Action::ReadImportToken);
    let outcome = async {
        let permitted = credentials.permit(app, &mut trail).await?;
        // Ends: each attempt that fails means that another one has used a retrieval up.
        loop {
            let found = app.store.import_token(&permitted.grant).await?;
            let mut token = found.ok_or(Error::ImportTokenNotMade)?;
            token.retrieve(app.clock.now())?;
            let nonce = unsealed(app, &permitted, &token, TokenPart::Nonce)?;
            let mut after = trail.clone();
            after.retrievals(&token);
            let event = event(app, &after, Answer::Content)?;
            if app.store.save_retrieval(&permitted.grant, &token, event).await? {
                trail.recorded();
                let public_pem = import::public_pem(&token.public_key);
                return Ok((Answer::Content, RetrievedToken { token, public_pem, nonce }));
            }
        }
    }
    .await;
    finish(app, trail, outcome).await
}

/// The material itself. What is encrypted for a token can only become a root key's.
pub(super) async fn open(
    app: &AppState,
    permitted: &Permitted,
    given: GivenMaterial,
    extractable: bool,
) -> Result<Secret, Error> {
    let given = match given {
        GivenMaterial::Plain(material) => return Ok(material),
        GivenMaterial::Wrapped(_) if extractable => return Err(Error::RootKeyRequired),
        GivenMaterial::Wrapped(given) => given,
    };
    let token = app.store.import_token(&permitted.grant).await?.ok_or(Error::ImportTokenMissing)?;
    token.require_valid(app.clock.now())?;
    let private = unsealed(app, permitted, &token, TokenPart::PrivateKey)?;
    let nonce = unsealed(app, permitted, &token, TokenPart::Nonce)?;
    apart(move || import::open(&private, &nonce, &given)).await
}

fn unsealed(app: &AppState, permitted: &Permitted, token: &ImportToken, part: TokenPart) -> Result<Secret, Error> {
    let sealed = match part {
        TokenPart::PrivateKey => &token.private_key,
        TokenPart::Nonce => &token.nonce,
    };
    app.sealer.open(sealed, Place::ImportToken { instance: permitted.instance.id, token: token.id, part })
}
