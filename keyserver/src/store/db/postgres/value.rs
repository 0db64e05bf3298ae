//! Values to and from PostgreSQL's types.
//!
//! *Invariant:* a value goes into a column of its own kind only; numbers that do not fit are refused.

use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::store::db::Value;

type Refusal = Box<dyn Error + Sync + Send>;

impl ToSql for Value<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Refusal> {
        match (self, kind) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Boolean(value), &Type::BOOL) => value.to_sql(kind, out),
            (Self::Integer(value), &Type::INT8) => value.to_sql(kind, out),
            (Self::Integer(value), &Type::INT4) => i32::try_from(*value)?.to_sql(kind, out),
            (Self::Text(text), &Type::TEXT) => text.as_ref().to_sql(kind, out),
            (Self::Bytes(bytes), &Type::BYTEA) => bytes.as_ref().to_sql(kind, out),
            _ => Err(format!("a value of another kind where {kind} is expected").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Value<'a> {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Refusal> {
        Ok(match *kind {
            Type::BOOL => Self::Boolean(bool::from_sql(kind, raw)?),
            Type::INT8 => Self::Integer(i64::from_sql(kind, raw)?),
            Type::INT4 => Self::Integer(i32::from_sql(kind, raw)?.into()),
            Type::TEXT => Self::Text(<&str>::from_sql(kind, raw)?.into()),
            Type::BYTEA => Self::Bytes(<&[u8]>::from_sql(kind, raw)?.into()),
            _ => return Err(format!("no column of this store has the type {kind}").into()),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Refusal> {
        Ok(Self::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
