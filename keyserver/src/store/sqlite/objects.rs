//! What is known of stored objects.
//!
//! *Invariant:* a file is in `objects` or in `loose_files`, and moves between them in the transaction that makes or ends the
//! object.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::{
    error::Error,
    iam::{service_grant::ServiceGrant, service_roles::ObjectAction},
    keys::{
        crn::InstanceId,
        instance::Stamp,
        object::{Checksum, Object, ObjectName, ObjectPage, Precondition},
    },
    store::{
        NewEvent, Objects,
        sqlite::{
            SqliteStore,
            events::append,
            rows::{instant, millis, unreadable},
        },
    },
};

#[async_trait]
impl Objects for SqliteStore {
    async fn object(
        &self,
        grant: &ServiceGrant,
        instance: InstanceId,
        name: &ObjectName,
    ) -> Result<Option<Object>, Error> {
        grant.demand_objects(instance, |action| matches!(action, ObjectAction::Get | ObjectAction::Head))?;
        let name = name.clone();
        self.read(move |db| find(db, instance, &name)).await
    }

    async fn objects(
        &self,
        grant: &ServiceGrant,
        instance: InstanceId,
        page: ObjectPage,
    ) -> Result<Vec<Object>, Error> {
        grant.demand_objects(instance, |action| action == ObjectAction::List)?;
        self.read(move |db| {
            // The first name after those with the prefix: no UTF-8 text has a last byte that cannot be raised.
            let mut end = page.prefix.clone().into_bytes();
            if let Some(last) = end.last_mut() {
                *last += 1;
            }
            let mut statement = db.prepare_cached(
                "SELECT * FROM objects WHERE instance = ?1 AND name >= ?2 AND (length(?3) = 0 OR name < ?3) AND name > ?4
                 ORDER BY name LIMIT ?5",
            )?;
            let after = page.after.unwrap_or_default().into_bytes();
            let parameters = (instance.0, page.prefix.into_bytes(), end, after, page.limit);
            let objects = statement.query_map(parameters, object)?.collect::<Result<_, _>>()?;
            Ok(objects)
        })
        .await
    }

    async fn put_object(
        &self,
        grant: &ServiceGrant,
        instance: InstanceId,
        object: Object,
        precondition: Precondition,
        quota: u64,
        event: NewEvent,
    ) -> Result<Option<String>, Error> {
        grant.demand_objects(instance, |action| action == ObjectAction::Put)?;
        self.write(move |db| {
            let replaced = find(db, instance, &object.name)?;
            precondition.check(replaced.as_ref().map(|object| object.checksum))?;
            require_active(db, instance)?;
            if let Some(replaced) = &replaced {
                loosen(db, &replaced.file)?;
                count_out(db, instance, replaced.size)?;
            }
            count_in(db, instance, object.size, quota)?;
            insert(db, instance, &object)?;
            forget(db, &object.file)?;
            append(db, &event)?;
            Ok(replaced.map(|replaced| replaced.file))
        })
        .await
    }

    async fn delete_object(
        &self,
        grant: &ServiceGrant,
        instance: InstanceId,
        name: &ObjectName,
        precondition: Precondition,
        event: NewEvent,
    ) -> Result<String, Error> {
        grant.demand_objects(instance, |action| action == ObjectAction::Delete)?;
        let name = name.clone();
        self.write(move |db| {
            let present = find(db, instance, &name)?.ok_or(Error::ObjectNotFound)?;
            precondition.check(Some(present.checksum))?;
            db.execute("DELETE FROM objects WHERE instance = ? AND name = ?", (instance.0, name.as_str().as_bytes()))?;
            loosen(db, &present.file)?;
            count_out(db, instance, present.size)?;
            append(db, &event)?;
            Ok(present.file)
        })
        .await
    }

    async fn add_loose_file(&self, file: &str) -> Result<(), Error> {
        let file = file.to_owned();
        self.write(move |db| loosen(db, &file)).await
    }

    async fn loose_files(&self) -> Result<Vec<String>, Error> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT file FROM loose_files")?;
            let files = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
            Ok(files)
        })
        .await
    }

    async fn forget_loose_files(&self, files: Vec<String>) -> Result<(), Error> {
        self.write(move |db| files.iter().try_for_each(|file| forget(db, file))).await
    }
}

/// Ends all objects of an instance; answers the files that held them.
pub(super) fn delete_all(db: &Connection, instance: InstanceId) -> Result<Vec<String>, Error> {
    let mut statement = db.prepare_cached("DELETE FROM objects WHERE instance = ? RETURNING file")?;
    let files: Vec<String> = statement.query_map([instance.0], |row| row.get(0))?.collect::<Result<_, _>>()?;
    files.iter().try_for_each(|file| loosen(db, file))?;
    db.execute("UPDATE instances SET stored_bytes = 0 WHERE id = ?", [instance.0])?;
    Ok(files)
}

fn require_active(db: &Connection, instance: InstanceId) -> Result<(), Error> {
    let active = db
        .prepare_cached("SELECT 1 FROM instances WHERE id = ? AND state = 'active'")?
        .query_row([instance.0], |_| Ok(()))
        .optional()?;
    active.ok_or(Error::InstanceGone)
}

fn count_in(db: &Connection, instance: InstanceId, size: u64, quota: u64) -> Result<(), Error> {
    let (size, most) = (bytes(size)?, i64::try_from(quota).unwrap_or(i64::MAX));
    let sql = "UPDATE instances SET stored_bytes = stored_bytes + ? WHERE id = ? AND stored_bytes <= ? - ?";
    match db.prepare_cached(sql)?.execute((size, instance.0, most, size))? {
        0 => Err(Error::QuotaExceeded { limit: quota }),
        _ => Ok(()),
    }
}

fn count_out(db: &Connection, instance: InstanceId, size: u64) -> Result<(), Error> {
    let sql = "UPDATE instances SET stored_bytes = stored_bytes - ? WHERE id = ?";
    db.prepare_cached(sql)?.execute((bytes(size)?, instance.0))?;
    Ok(())
}

fn bytes(size: u64) -> Result<i64, Error> {
    i64::try_from(size).map_err(|_| Error::Corrupt("size of an object"))
}

fn loosen(db: &Connection, file: &str) -> Result<(), Error> {
    db.prepare_cached("INSERT INTO loose_files (file) VALUES (?)")?.execute([file])?;
    Ok(())
}

fn forget(db: &Connection, file: &str) -> Result<(), Error> {
    db.prepare_cached("DELETE FROM loose_files WHERE file = ?")?.execute([file])?;
    Ok(())
}

fn find(db: &Connection, instance: InstanceId, name: &ObjectName) -> Result<Option<Object>, Error> {
    Ok(db
        .prepare_cached("SELECT * FROM objects WHERE instance = ? AND name = ?")?
        .query_row((instance.0, name.as_str().as_bytes()), object)
        .optional()?)
}

fn insert(db: &Connection, instance: InstanceId, object: &Object) -> Result<(), Error> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO objects (instance, name, size, checksum, file, stored_at, stored_by)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute((
        instance.0,
        object.name.as_str().as_bytes(),
        bytes(object.size)?,
        object.checksum.0,
        &object.file,
        millis(object.stored.at),
        &object.stored.by,
    ))?;
    Ok(())
}

fn object(row: &Row<'_>) -> rusqlite::Result<Object> {
    let name = String::from_utf8(row.get("name")?).ok().and_then(|name| ObjectName::parse(&name).ok());
    Ok(Object {
        name: name.ok_or_else(|| unreadable(row, "name"))?,
        size: row.get::<_, i64>("size")?.unsigned_abs(),
        checksum: Checksum(row.get("checksum")?),
        file: row.get("file")?,
        stored: Stamp { at: instant(row, "stored_at")?, by: row.get("stored_by")? },
    })
}
