//! Sign-in codes and console sessions.
//!
//! *Invariant:* a code is deleted in the same statement that finds it, so it works once.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{
    error::Error,
    iam::identity::Digest,
    store::{
        Console, NewEvent, Session,
        db::params,
        sql::{
            SqlStore,
            columns::{digest, instant, millis},
            events::append,
        },
    },
};

#[async_trait]
impl Console for SqlStore {
    async fn insert_sign_in_code(&self, code: Digest, expires: Timestamp) -> Result<(), Error> {
        self.write(move |db| {
            db.execute(
                "INSERT INTO sign_in_codes (digest, expires) VALUES ($1, $2)",
                params![code.0, millis(expires)],
            )?;
            Ok(())
        })
        .await
    }

    async fn take_sign_in_code(&self, code: Digest, now: Timestamp) -> Result<bool, Error> {
        self.write(move |db| {
            db.execute("DELETE FROM sign_in_codes WHERE expires <= $1", params![millis(now)])?;
            Ok(db.execute("DELETE FROM sign_in_codes WHERE digest = $1", params![code.0])? == 1)
        })
        .await
    }

    async fn insert_session(&self, session: Session, now: Timestamp) -> Result<(), Error> {
        self.write(move |db| {
            db.execute("DELETE FROM sessions WHERE expires <= $1", params![millis(now)])?;
            db.execute(
                "INSERT INTO sessions (digest, service_id, expires) VALUES ($1, $2, $3)",
                params![session.cookie.0, session.identity, millis(session.expires)],
            )?;
            Ok(())
        })
        .await
    }

    async fn session(&self, cookie: Digest, now: Timestamp) -> Result<Option<Session>, Error> {
        self.read(move |db| {
            db.query_optional(
                "SELECT digest, service_id, expires FROM sessions WHERE digest = $1 AND expires > $2",
                params![cookie.0, millis(now)],
                |row| {
                    Ok(Session {
                        cookie: digest(row, "digest")?,
                        identity: row.get("service_id")?,
                        expires: instant(row, "expires")?,
                    })
                },
            )
        })
        .await
    }

    async fn delete_session(&self, cookie: Digest, event: NewEvent) -> Result<(), Error> {
        self.write(move |db| {
            db.execute("DELETE FROM sessions WHERE digest = $1", params![cookie.0])?;
            append(db, &event)
        })
        .await
    }
}
