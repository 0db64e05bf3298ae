//! Sign-in codes and console sessions.
//!
//! *Invariant:* a code is deleted in the same statement that finds it, so it works once.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::OptionalExtension;

use crate::{
    error::Error,
    iam::identity::Digest,
    store::{
        Console, NewEvent, Session,
        sqlite::{
            SqliteStore,
            events::append,
            rows::{digest, instant, millis},
        },
    },
};

#[async_trait]
impl Console for SqliteStore {
    async fn insert_sign_in_code(&self, code: Digest, expires: Timestamp) -> Result<(), Error> {
        self.write(move |db| {
            db.execute("INSERT INTO sign_in_codes (digest, expires) VALUES (?, ?)", (code.0, millis(expires)))?;
            Ok(())
        })
        .await
    }

    async fn take_sign_in_code(&self, code: Digest, now: Timestamp) -> Result<bool, Error> {
        self.write(move |db| {
            db.execute("DELETE FROM sign_in_codes WHERE expires <= ?", [millis(now)])?;
            Ok(db.execute("DELETE FROM sign_in_codes WHERE digest = ?", [code.0])? == 1)
        })
        .await
    }

    async fn insert_session(&self, session: Session, now: Timestamp) -> Result<(), Error> {
        self.write(move |db| {
            db.execute("DELETE FROM sessions WHERE expires <= ?", [millis(now)])?;
            db.execute(
                "INSERT INTO sessions (digest, service_id, expires) VALUES (?, ?, ?)",
                (session.cookie.0, session.identity, millis(session.expires)),
            )?;
            Ok(())
        })
        .await
    }

    async fn session(&self, cookie: Digest, now: Timestamp) -> Result<Option<Session>, Error> {
        self.read(move |db| {
            let session = db
                .prepare_cached("SELECT digest, service_id, expires FROM sessions WHERE digest = ? AND expires > ?")?
                .query_row((cookie.0, millis(now)), |row| {
                    Ok(Session {
                        cookie: digest(row, "digest")?,
                        identity: row.get("service_id")?,
                        expires: instant(row, "expires")?,
                    })
                })
                .optional()?;
            Ok(session)
        })
        .await
    }

    async fn delete_session(&self, cookie: Digest, event: NewEvent) -> Result<(), Error> {
        self.write(move |db| {
            db.execute("DELETE FROM sessions WHERE digest = ?", [cookie.0])?;
            append(db, &event)
        })
        .await
    }
}
