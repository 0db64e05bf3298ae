//! Users of the account, as IBM's user management has them.
//!
//! Nobody is sent a message: who is invited is there at once, and an administrator gives them their first API key.
//! *Invariant:* a user who is removed or not active gets no token, and the tokens that they have are good for nothing at once.

use crate::{
    audit::{Answer, Audited, event::Trail},
    error::Error,
    iam::{
        grant::AccountGrant,
        roles::{Action, IdentityAction},
        user::{User, check_email, check_name},
    },
    service::call::{ATTEMPTS, Call, event, finish},
    state::AppState,
};

/// Adds a user, without any access.
pub(crate) async fn invite(app: &AppState, call: Call, account: String, email: Result<String, Error>) -> Audited<User> {
    let (mut trail, credentials) = call.begin(app, Action::User(IdentityAction::Create));
    let outcome = async {
        let grant = credentials.permit_in_account(app, trail.action).await?;
        require_account(&grant, &account)?;
        let email = email?;
        check_email(&email)?;
        let user = User {
            iam_id: User::new_iam_id(&*app.entropy),
            account,
            email,
            first_name: String::new(),
            last_name: String::new(),
            active: true,
            created_at: app.clock.now(),
            created_by: grant.holder().to_owned(),
        };
        show(&mut trail, &user);
        let event = event(app, &trail, Answer::Accepted)?;
        app.store.insert_user(&grant, user.clone(), event).await?;
        trail.recorded();
        Ok((Answer::Accepted, user))
    }
    .await;
    finish(app, trail, outcome).await
}

/// All users, or the one with this address.
pub(crate) async fn list(app: &AppState, call: Call, account: String, email: Option<String>) -> Audited<Vec<User>> {
    let (mut trail, credentials) = call.begin(app, Action::User(IdentityAction::List));
    let outcome = async {
        let grant = credentials.permit_in_account(app, trail.action).await?;
        require_account(&grant, &account)?;
        let mut users = app.store.users(&grant).await?;
        users.retain(|user| email.as_ref().is_none_or(|email| user.email.eq_ignore_ascii_case(email)));
        trail.total(users.len() as u64);
        Ok((Answer::Content, users))
    }
    .await;
    finish(app, trail, outcome).await
}

/// One user.
pub(crate) async fn read(app: &AppState, call: Call, account: String, iam_id: String) -> Audited<User> {
    let (mut trail, credentials) = call.begin(app, Action::User(IdentityAction::Read));
    let outcome = async {
        let grant = credentials.permit_in_account(app, trail.action).await?;
        Ok((Answer::Content, find(app, &grant, &account, &iam_id, &mut trail).await?))
    }
    .await;
    finish(app, trail, outcome).await
}

/// What to change about a user; what is absent stays.
#[derive(Debug, Default)]
pub(crate) struct UserChange {
    /// Given name.
    pub(crate) first_name: Option<String>,
    /// Family name.
    pub(crate) last_name: Option<String>,
    /// Address.
    pub(crate) email: Option<String>,
    /// Whether they may get tokens.
    pub(crate) active: Option<bool>,
}

impl UserChange {
    fn apply(&self, user: &User) -> Result<User, Error> {
        let Self { first_name, last_name, email, active } = self;
        let changed = |new: &Option<String>, old: &String| new.as_ref().unwrap_or(old).clone();
        let user = User {
            first_name: changed(first_name, &user.first_name),
            last_name: changed(last_name, &user.last_name),
            email: changed(email, &user.email),
            active: active.unwrap_or(user.active),
            ..user.clone()
        };
        check_name("firstname", &user.first_name)?;
        check_name("lastname", &user.last_name)?;
        check_email(&user.email)?;
        Ok(user)
    }
}

/// Changes a user.
pub(crate) async fn update(
    app: &AppState,
    call: Call,
    account: String,
    iam_id: String,
    change: Result<UserChange, Error>,
) -> Audited<()> {
    let (mut trail, credentials) = call.begin(app, Action::User(IdentityAction::Update));
    let outcome = async {
        let grant = credentials.permit_in_account(app, trail.action).await?;
        let mut before = find(app, &grant, &account, &iam_id, &mut trail).await?;
        let change = change?;
        for _ in 0..ATTEMPTS {
            let after = change.apply(&before)?;
            let event = event(app, &trail, Answer::Empty)?;
            if app.store.save_user(&grant, before, after, event).await? {
                trail.recorded();
                return Ok((Answer::Empty, ()));
            }
            before = find(app, &grant, &account, &iam_id, &mut trail).await?;
        }
        Err(Error::Contended)
    }
    .await;
    finish(app, trail, outcome).await
}

/// Removes a user with their API keys and access.
pub(crate) async fn remove(app: &AppState, call: Call, account: String, iam_id: String) -> Audited<()> {
    let (mut trail, credentials) = call.begin(app, Action::User(IdentityAction::Delete));
    let outcome = async {
        let grant = credentials.permit_in_account(app, trail.action).await?;
        find(app, &grant, &account, &iam_id, &mut trail).await?;
        let event = event(app, &trail, Answer::Empty)?;
        if !app.store.delete_user(&grant, &iam_id, event).await? {
            return Err(Error::IdentityNotFound);
        }
        trail.recorded();
        Ok((Answer::Empty, ()))
    }
    .await;
    finish(app, trail, outcome).await
}

async fn find(
    app: &AppState,
    grant: &AccountGrant,
    account: &str,
    iam_id: &str,
    trail: &mut Trail,
) -> Result<User, Error> {
    require_account(grant, account)?;
    let user = app.store.user(grant, iam_id).await?.ok_or(Error::IdentityNotFound)?;
    show(trail, &user);
    Ok(user)
}

/// The address is no part of an event: who somebody is is told by whoever keeps the users.
fn show(trail: &mut Trail, user: &User) {
    trail.other_target(user.iam_id.clone(), "", "user-management/user");
}

fn require_account(grant: &AccountGrant, account: &str) -> Result<(), Error> {
    if account == grant.account() { Ok(()) } else { Err(Error::Denied) }
}
