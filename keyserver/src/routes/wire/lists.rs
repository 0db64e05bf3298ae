//! Lists of keys, as they are on the wire.
//!
//! *Invariant:* plain data with the names of IBM's API; no methods and no rules.

use serde::Serialize;

use super::Key;

#[derive(Serialize)]
pub(in crate::routes) struct KeyList {
    pub(in crate::routes) metadata: Metadata,
    pub(in crate::routes) resources: Vec<Key>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::routes) struct Metadata {
    pub(in crate::routes) collection_type: &'static str,
    pub(in crate::routes) collection_total: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::routes) search_query: Option<SearchQuery>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::routes) incomplete_search: Option<bool>,
}

/// The search, as the server understood it.
#[derive(Serialize)]
pub(in crate::routes) struct SearchQuery {
    pub(in crate::routes) query: String,
    pub(in crate::routes) scopes: Vec<&'static str>,
    pub(in crate::routes) not: bool,
    pub(in crate::routes) exact: bool,
}
