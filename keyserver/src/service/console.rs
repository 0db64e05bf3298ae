//! Signing in to the console, and tokens for its calls.
//!
//! *Invariant:* a sign-in code opens one session; a session is known by its cookie's digest only.

use jiff::{SignedDuration, Timestamp};
use zeroize::Zeroizing;

use crate::{
    audit::{Answer, Audited, event::Trail},
    error::Error,
    iam::{
        identity::{Credential, Digest, Principal, ServiceId},
        roles::Action,
        token::AccessToken,
    },
    keys::{
        crn::Instance,
        environment::{Clock, Entropy},
    },
    service::call::{Source, event, finish},
    state::AppState,
    store::{Session, Store},
};

const CODE_LIFETIME: SignedDuration = SignedDuration::from_mins(15);
const SESSION_LIFETIME: SignedDuration = SignedDuration::from_hours(8);

/// Who is signed in.
pub(crate) struct SessionView {
    /// The identity.
    pub(crate) identity: ServiceId,
    /// When the session ends.
    pub(crate) expires: Timestamp,
    /// The account's instances.
    pub(crate) instances: Vec<Instance>,
}

/// A fresh session with the cookie that stands for it.
pub(crate) struct OpenedSession {
    /// Value of the cookie.
    pub(crate) cookie: Zeroizing<String>,
    /// Seconds until it ends.
    pub(crate) seconds: i64,
    /// Who is signed in.
    pub(crate) view: SessionView,
}

/// Makes a one-time sign-in code. Whoever can write the database may: this is not a request.
pub(crate) async fn new_sign_in_code(
    store: &dyn Store,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<Zeroizing<String>, Error> {
    let code = Credential::random(entropy);
    let expires = clock.now().saturating_add(CODE_LIFETIME).expect("a duration is always addable");
    store.insert_sign_in_code(code.digest(), expires).await?;
    Ok(code.reveal())
}

/// Exchanges a code for a session.
pub(crate) async fn sign_in(
    app: &AppState,
    source: Source,
    code: Result<Zeroizing<String>, Error>,
) -> Audited<OpenedSession> {
    let mut trail = source.trail(app, Action::OpenSession);
    let outcome = async {
        let code = code?;
        let now = app.clock.now();
        if !app.store.take_sign_in_code(Digest::of(&code), now).await? {
            return Err(Error::SignInCodeUnknown);
        }
        let cookie = Credential::random(&*app.entropy);
        let expires = now.saturating_add(SESSION_LIFETIME).expect("a duration is always addable");
        let session = Session { cookie: cookie.digest(), identity: app.administrator, expires };
        app.store.insert_session(session.clone(), now).await?;
        let view = view(app, &session, &mut trail).await?;
        Ok((Answer::Content, OpenedSession { cookie: cookie.reveal(), seconds: SESSION_LIFETIME.as_secs(), view }))
    }
    .await;
    finish(app, trail, outcome).await
}

/// Who is signed in.
pub(crate) async fn session(app: &AppState, source: Source, cookie: Result<Digest, Error>) -> Audited<SessionView> {
    let mut trail = source.trail(app, Action::ReadSession);
    let outcome = async {
        let session = find(app, cookie).await?;
        Ok((Answer::Content, view(app, &session, &mut trail).await?))
    }
    .await;
    finish(app, trail, outcome).await
}

/// An access token for the page that is signed in.
pub(crate) async fn token(app: &AppState, source: Source, cookie: Result<Digest, Error>) -> Audited<AccessToken> {
    let mut trail = source.trail(app, Action::IssueConsoleToken);
    let outcome = async {
        let session = find(app, cookie).await?;
        let identity = identity(app, &session, &mut trail).await?;
        Ok((
            Answer::Content,
            app.tokens.issue(&Principal::ServiceId(identity), None, app.entropy.uuid(), app.clock.now())?,
        ))
    }
    .await;
    finish(app, trail, outcome).await
}

/// Signs out; fine when nobody is signed in.
pub(crate) async fn sign_out(app: &AppState, source: Source, cookie: Result<Digest, Error>) -> Audited<()> {
    let mut trail = source.trail(app, Action::CloseSession);
    let outcome = async {
        match cookie {
            Ok(cookie) => {
                let event = event(app, &trail, Answer::Empty)?;
                app.store.delete_session(cookie, event).await?;
                trail.recorded();
            }
            Err(Error::SessionMissing) => (),
            Err(error) => return Err(error),
        }
        Ok((Answer::Empty, ()))
    }
    .await;
    finish(app, trail, outcome).await
}

async fn find(app: &AppState, cookie: Result<Digest, Error>) -> Result<Session, Error> {
    app.store.session(cookie?, app.clock.now()).await?.ok_or(Error::SessionMissing)
}

async fn identity(app: &AppState, session: &Session, trail: &mut Trail) -> Result<ServiceId, Error> {
    let identity = app.store.service_id(session.identity).await?.ok_or(Error::SessionMissing)?;
    trail.identity(&identity.iam_id(), &identity.name);
    Ok(identity)
}

async fn view(app: &AppState, session: &Session, trail: &mut Trail) -> Result<SessionView, Error> {
    let identity = identity(app, session, trail).await?;
    let instances = app.store.instances(&identity.account).await?;
    Ok(SessionView { identity, expires: session.expires, instances })
}
