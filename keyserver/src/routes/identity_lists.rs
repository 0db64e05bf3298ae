//! Pages and order of the lists of service IDs and API keys.
//!
//! *Invariant:* a link in an answer is one that this server understands.

use crate::{
    error::Error,
    routes::{extract::Params, wire::iam as wire},
    service::identity_lists::{Listed, ListedBy, Listing},
};

const DEFAULT_PAGE: usize = 20;
const MAX_PAGE: usize = 100;

pub(super) fn listing(params: &Params) -> Result<Listing, Error> {
    const SORT: Error = Error::InvalidQuery { name: "sort", why: "must be name, created_at or modified_at" };
    const ORDER: Error = Error::InvalidQuery { name: "order", why: "must be asc or desc" };
    for name in ["filter", "group_id"] {
        if params.get(name).is_some() {
            return Err(Error::InvalidQuery { name, why: "not offered; ignoring it would show too much" });
        }
    }
    let limit = params.number("pagesize", 1..=MAX_PAGE, "must be a number from 1 to 100")?;
    Ok(Listing {
        limit: limit.unwrap_or(DEFAULT_PAGE),
        offset: params.number("pagetoken", 0..=usize::MAX, "not a page that an answer pointed to")?.unwrap_or(0),
        by: match params.get("sort") {
            None | Some("created_at") => ListedBy::Created,
            Some("modified_at") => ListedBy::Modified,
            Some("name") => ListedBy::Name,
            Some(_) => return Err(SORT),
        },
        descending: match params.get("order") {
            None | Some("asc") => false,
            Some("desc") => true,
            Some(_) => return Err(ORDER),
        },
    })
}

pub(super) fn pages<T>(path: &str, listed: &Listed<T>) -> wire::Pages {
    let Listing { limit, offset, .. } = listed.listing;
    let link = |offset: usize| format!("{path}?pagesize={limit}&pagetoken={offset}");
    let end = offset.saturating_add(listed.entries.len());
    wire::Pages {
        offset,
        limit,
        first: format!("{path}?pagesize={limit}"),
        previous: (offset > 0).then(|| link(offset.saturating_sub(limit))),
        next: (end < listed.total && !listed.entries.is_empty()).then(|| link(end)),
    }
}
