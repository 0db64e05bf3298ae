//! `GET` and `HEAD /api/v2/keys`.
//!
//! *Invariant:* extract → service → reply; each parameter is read by the language it has in `keys::listing`.

use axum::extract::State;

use crate::{
    error::Error,
    keys::listing::{
        filter::{self, Term},
        search::Search,
        sort,
    },
    routes::{
        extract::Params,
        keys::{page, show},
        reply::{Reply, number_header},
        wire::{self, lists as rows},
    },
    service::{
        call::Call,
        lists::{self as service, KeysView, ListQuery},
    },
    state::App,
};

pub(super) async fn list(State(app): State<App>, call: Call, params: Params) -> Reply {
    Reply::json(service::list(&app, call, query(&params)).await, collection)
}

pub(super) async fn count(State(app): State<App>, call: Call, params: Params) -> Reply {
    let terms = if params.get("search").is_some() {
        Err(Error::InvalidQuery {
            name: "search",
            why: "a count is not narrowed by it: use state, extractable, filter",
        })
    } else {
        terms(&params)
    };
    Reply::head(service::count(&app, call, terms).await, |total| [number_header("key-total", total)])
}

fn query(params: &Params) -> Result<ListQuery, Error> {
    Ok(ListQuery {
        terms: terms(params)?,
        search: params.once("search")?.map(Search::parse).transpose()?,
        order: params.once("sort")?.map_or_else(|| Ok(Vec::new()), sort::parse)?,
        page: page(params)?,
    })
}

/// The filter together with the parameters that can be given outside it, but not in both places.
fn terms(params: &Params) -> Result<Vec<Term>, Error> {
    let mut terms = params.once("filter")?.map_or_else(|| Ok(Vec::new()), filter::parse)?;
    let twice = |name| Error::InvalidQuery { name, why: "given both alone and in `filter`: give it in one place" };
    if let Some(states) = params.once("state")? {
        if terms.iter().any(|term| matches!(term, Term::States(_))) {
            return Err(twice("state"));
        }
        terms.push(Term::States(filter::parse_states("state", states)?));
    }
    params.once("extractable")?;
    if let Some(extractable) = params.flag("extractable")? {
        if terms.iter().any(|term| matches!(term, Term::Extractable(_))) {
            return Err(twice("extractable"));
        }
        terms.push(Term::Extractable(extractable));
    }
    Ok(terms)
}

fn collection(view: KeysView) -> rows::KeyList {
    let KeysView { keys, search, incomplete } = view;
    rows::KeyList {
        metadata: rows::Metadata {
            collection_type: wire::KEY_COLLECTION,
            collection_total: keys.len(),
            search_query: search.as_ref().map(show_search),
            incomplete_search: incomplete.then_some(true),
        },
        resources: keys.into_iter().map(show).collect(),
    }
}

fn show_search(search: &Search) -> rows::SearchQuery {
    let scopes = [(search.names, "name"), (search.aliases, "alias")];
    rows::SearchQuery {
        query: search.text.clone(),
        scopes: scopes.into_iter().filter_map(|(searched, scope)| searched.then_some(scope)).collect(),
        not: search.not,
        exact: search.exact,
    }
}
