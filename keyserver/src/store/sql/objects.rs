//! What is known of stored objects.
//!
//! *Invariant:* a file is in `objects` or in `loose_files`, and moves between them in the transaction that makes or ends the
//! object.

use async_trait::async_trait;

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
        db::{Db, Row, params, unreadable},
        sql::{
            SqlStore,
            columns::{instant, millis},
            events::append,
            installation::is_active,
        },
    },
};

#[async_trait]
impl Objects for SqlStore {
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
            let after = page.after.as_deref().unwrap_or_default().as_bytes();
            let parameters =
                params![instance.0, page.prefix.as_bytes(), page.prefix.is_empty(), end, after, page.limit];
            db.query(
                "SELECT * FROM objects WHERE instance = $1 AND name >= $2 AND ($3 OR name < $4) AND name > $5
                 ORDER BY name LIMIT $6",
                parameters,
                object,
            )
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
            if !is_active(db, instance)? {
                return Err(Error::InstanceGone);
            }
            if let Some(replaced) = &replaced {
                loosen(db, &replaced.file)?;
                count_out(db, instance, replaced.size)?;
            }
            count_in(db, instance, object.size, quota)?;
            insert(db, instance, &object)?;
            if !forget(db, &object.file)? {
                return Err(Error::Contended);
            }
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
            db.execute(
                "DELETE FROM objects WHERE instance = $1 AND name = $2",
                params![instance.0, name.as_str().as_bytes()],
            )?;
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

    async fn take_loose_files(&self) -> Result<Vec<String>, Error> {
        self.write(|db| db.query("DELETE FROM loose_files RETURNING file", &[], |row| row.at(0))).await
    }

    async fn forget_loose_files(&self, files: Vec<String>) -> Result<(), Error> {
        self.write(move |db| files.iter().try_for_each(|file| forget(db, file).map(drop))).await
    }
}

/// Ends all objects of an instance; answers the files that held them.
pub(super) fn delete_all(db: &Db<'_>, instance: InstanceId) -> Result<Vec<String>, Error> {
    let files: Vec<String> =
        db.query("DELETE FROM objects WHERE instance = $1 RETURNING file", params![instance.0], |row| row.at(0))?;
    files.iter().try_for_each(|file| loosen(db, file))?;
    db.execute("UPDATE instances SET stored_bytes = 0 WHERE id = $1", params![instance.0])?;
    Ok(files)
}

fn count_in(db: &Db<'_>, instance: InstanceId, size: u64, quota: u64) -> Result<(), Error> {
    let (size, most) = (bytes(size)?, i64::try_from(quota).unwrap_or(i64::MAX));
    let sql = "UPDATE instances SET stored_bytes = stored_bytes + $1 WHERE id = $2 AND stored_bytes <= $3";
    match db.execute(sql, params![size, instance.0, most.saturating_sub(size)])? {
        0 => Err(Error::QuotaExceeded { limit: quota }),
        _ => Ok(()),
    }
}

fn count_out(db: &Db<'_>, instance: InstanceId, size: u64) -> Result<(), Error> {
    let sql = "UPDATE instances SET stored_bytes = stored_bytes - $1 WHERE id = $2";
    db.execute(sql, params![bytes(size)?, instance.0])?;
    Ok(())
}

fn bytes(size: u64) -> Result<i64, Error> {
    i64::try_from(size).map_err(|_| Error::Corrupt("size of an object"))
}

fn loosen(db: &Db<'_>, file: &str) -> Result<(), Error> {
    db.execute("INSERT INTO loose_files (file) VALUES ($1)", params![file])?;
    Ok(())
}

fn forget(db: &Db<'_>, file: &str) -> Result<bool, Error> {
    Ok(db.execute("DELETE FROM loose_files WHERE file = $1", params![file])? == 1)
}

fn find(db: &Db<'_>, instance: InstanceId, name: &ObjectName) -> Result<Option<Object>, Error> {
    db.query_optional(
        "SELECT * FROM objects WHERE instance = $1 AND name = $2",
        params![instance.0, name.as_str().as_bytes()],
        object,
    )
}

fn insert(db: &Db<'_>, instance: InstanceId, object: &Object) -> Result<(), Error> {
    db.execute(
        "INSERT INTO objects (instance, name, size, checksum, file, stored_at, stored_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (instance, name) DO UPDATE SET size = excluded.size, checksum = excluded.checksum,
             file = excluded.file, stored_at = excluded.stored_at, stored_by = excluded.stored_by",
        params![
            instance.0,
            object.name.as_str().as_bytes(),
            bytes(object.size)?,
            object.checksum.0,
            &object.file,
            millis(object.stored.at),
            &object.stored.by
        ],
    )?;
    Ok(())
}

fn object(row: &Row<'_>) -> Result<Object, Error> {
    let name = String::from_utf8(row.get("name")?).ok().and_then(|name| ObjectName::parse(&name).ok());
    Ok(Object {
        name: name.ok_or_else(|| unreadable("name"))?,
        size: row.get::<i64>("size")?.unsigned_abs(),
        checksum: Checksum(row.get("checksum")?),
        file: row.get("file")?,
        stored: Stamp { at: instant(row, "stored_at")?, by: row.get("stored_by")? },
    })
}
