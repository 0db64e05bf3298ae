//! `GET` and `HEAD /api/v2/keys`: paging, filter, sort, search.

use axum::http::{Method, StatusCode};
use base64ct::{Base64, Encoding};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::support::{Answer, Api};

const KEYS: &str = "/api/v2/keys";
const DAY: i64 = 86_400;

fn path(parameters: &[(&str, &str)]) -> String {
    let encoded = |(name, value): &(&str, &str)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC));
    format!("{KEYS}?{}", parameters.iter().map(encoded).collect::<Vec<_>>().join("&"))
}

async fn list(api: &Api, parameters: &[(&str, &str)]) -> Answer {
    api.get(&path(parameters)).send().await
}

fn names(answer: &Answer) -> Vec<&str> {
    let resources = answer.is(StatusCode::OK).json["resources"].as_array().expect("a list");
    assert_eq!(answer.json["metadata"]["collectionTotal"], resources.len());
    resources.iter().map(|key| key["name"].as_str().expect("a name")).collect()
}

/// One key of each kind, made on six days in a row from 2026-01-10T09:00:00Z on, and looked at on the seventh.
async fn zoo() -> Api {
    let mut api = Api::new().await;
    let payload = Base64::encode_string(&[7; 32]);
    let keys = [
        json!({"name": "Invoices", "extractable": false, "aliases": ["inv-2026", "Rechnungen"]}),
        json!({"name": "invoice copy", "extractable": true}),
        json!({"name": "Käse", "extractable": false, "payload": payload, "expirationDate": "2026-01-12T10:00:00Z"}),
        json!({"name": "rotated", "extractable": false}),
        json!({"name": "disabled", "extractable": false, "aliases": ["off"]}),
        json!({"name": "deleted", "extractable": false, "aliases": ["gone"]}),
    ];
    for fields in keys {
        let id = api.create(fields.clone()).await["id"].as_str().expect("an id").to_owned();
        let changed = match fields["name"].as_str() {
            Some("rotated") => api.act(&id, "rotate", Value::Null).await,
            Some("disabled") => api.act(&id, "disable", Value::Null).await,
            Some("deleted") => api.delete(&format!("{KEYS}/{id}")).send().await,
            _ => api.get(&format!("{KEYS}/{id}")).send().await,
        };
        assert!(changed.status.is_success(), "{}", changed.text);
        api.advance(DAY).await;
    }
    api
}

#[tokio::test]
async fn lists_page_by_id_and_count_all() {
    let api = Api::new().await;
    for _ in 0..5 {
        api.root_key().await;
    }
    api.create(json!({"name": "standard", "extractable": true})).await;
    let ids = |answer: &crate::support::Answer| -> Vec<String> {
        let resources = answer.json["resources"].as_array().expect("a list");
        assert_eq!(answer.json["metadata"]["collectionTotal"], resources.len());
        resources.iter().map(|key| key["id"].as_str().expect("an id").to_owned()).collect()
    };
    let all = ids(&api.get(KEYS).send().await);
    assert_eq!(all.len(), 6);
    assert!(all.is_sorted());
    let mut paged = Vec::new();
    for offset in [0, 2, 4, 6] {
        paged.extend(ids(&api.get(&format!("{KEYS}?limit=2&offset={offset}")).send().await));
    }
    assert_eq!(paged, all);
    for (query, count) in
        [("", 6), ("?extractable=true", 1), ("?extractable=FALSE", 5), ("?state=", 6), ("?state=1%2C5", 6)]
    {
        assert_eq!(ids(&api.get(&format!("{KEYS}{query}")).send().await).len(), count, "{query}");
        let head = api.call(Method::HEAD, &format!("{KEYS}{query}")).send().await;
        assert_eq!((head.status, head.header("key-total")), (StatusCode::OK, count.to_string().as_str()), "{query}");
        assert_eq!(head.text, "");
    }
}

#[tokio::test]
async fn filters_narrow_lists_and_counts_alike() {
    let api = zoo().await;
    let rows: [(&str, &[&str]); 22] = [
        ("state=1", &["Invoices", "invoice copy", "rotated"]),
        ("state=2,3", &["Käse", "disabled"]),
        ("state=5", &["deleted"]),
        ("state=0,4", &[]),
        ("state=1,2 state=2,3", &["disabled"]),
        (" state=1,2  extractable=FALSE ", &["Invoices", "rotated", "disabled"]),
        ("extractable=True", &["invoice copy"]),
        ("extractable=true extractable=false", &[]),
        (
            "creationDate=gte:\"2026-01-11T09:00:00Z\" creationDate=lt:\"2026-01-13T09:00:00Z\"",
            &["invoice copy", "Käse"],
        ),
        ("creationDate=gt:\"2026-01-11T09:00:00Z\" creationDate=lte:\"2026-01-13T09:00:00Z\"", &["Käse", "rotated"]),
        ("creationDate=lt:\"2026-01-10T09:00:00Z\"", &[]),
        ("creationDate=lt:\"2026-01-10T09:00:00.000000001Z\"", &["Invoices"]),
        ("creationDate=\"2026-01-12T23:59:59.999999999Z\"", &["Käse"]),
        ("creationDate=\"2026-01-13T00:30:00+01:00\"", &["Käse"]),
        ("creationDate=none", &[]),
        ("expirationDate=lte:\"2026-01-12T10:00:00Z\"", &["Käse"]),
        ("expirationDate=NONE extractable=true", &["invoice copy"]),
        ("lastRotateDate=gte:\"2026-01-01T00:00:00Z\"", &["rotated"]),
        ("lastUpdateDate=None", &["Invoices", "invoice copy", "Käse"]),
        ("deletionDate=gt:\"2026-01-01T00:00:00Z\"", &[]),
        ("state=1,5 deletionDate=gt:\"2026-01-01T00:00:00Z\"", &["deleted"]),
        (
            "creationDate=gt:\"2026-01-11T09:00:00Z\" creationDate=lt:\"2026-01-14T09:00:00Z\" \
             creationDate=\"2026-01-13T00:00:00Z\"",
            &["rotated"],
        ),
    ];
    for (filter, expected) in rows {
        let answer = list(&api, &[("filter", filter), ("sort", "creationDate")]).await;
        assert_eq!(names(&answer), expected, "{filter}");
        let head = api.call(Method::HEAD, &path(&[("filter", filter)])).send().await;
        assert_eq!(head.header("key-total"), expected.len().to_string(), "{filter}");
    }
    let answer = list(&api, &[("filter", "state=1,3"), ("extractable", "false"), ("sort", "creationDate")]).await;
    assert_eq!(names(&answer), ["Invoices", "Käse", "rotated"]);
}

#[tokio::test]
async fn lists_are_sorted_by_any_property_in_either_direction() {
    let api = zoo().await;
    let all = ("state", "1,2,3,5");
    let rows: [(&str, &[&str]); 11] = [
        ("creationDate", &["Invoices", "invoice copy", "Käse", "rotated", "disabled", "deleted"]),
        ("-creationDate", &["deleted", "disabled", "rotated", "Käse", "invoice copy", "Invoices"]),
        ("state,-creationDate", &["rotated", "invoice copy", "Invoices", "disabled", "Käse", "deleted"]),
        ("-state,creationDate", &["deleted", "Käse", "disabled", "Invoices", "invoice copy", "rotated"]),
        ("-extractable,creationDate", &["invoice copy", "Invoices", "Käse", "rotated", "disabled", "deleted"]),
        ("extractable,-creationDate", &["deleted", "disabled", "rotated", "Käse", "Invoices", "invoice copy"]),
        ("-imported,creationDate", &["Käse", "Invoices", "invoice copy", "rotated", "disabled", "deleted"]),
        ("lastUpdateDate,creationDate", &["rotated", "disabled", "deleted", "Invoices", "invoice copy", "Käse"]),
        ("-lastUpdateDate,creationDate", &["deleted", "disabled", "rotated", "Invoices", "invoice copy", "Käse"]),
        ("lastRotateDate,-creationDate", &["rotated", "deleted", "disabled", "Käse", "invoice copy", "Invoices"]),
        (
            "deletionDate,expirationDate,creationDate",
            &["deleted", "Käse", "Invoices", "invoice copy", "rotated", "disabled"],
        ),
    ];
    for (sort, expected) in rows {
        assert_eq!(names(&list(&api, &[all, ("sort", sort)]).await), expected, "{sort}");
    }
    let by_id = names(&list(&api, &[all]).await).join(",");
    assert_eq!(names(&list(&api, &[all, ("sort", "id")]).await).join(","), by_id);
    let turned = list(&api, &[all, ("sort", "-id")]).await;
    assert_eq!(names(&turned).into_iter().rev().collect::<Vec<_>>().join(","), by_id);
    let page = list(&api, &[all, ("sort", "creationDate"), ("limit", "2"), ("offset", "1")]).await;
    assert_eq!(names(&page), ["invoice copy", "Käse"]);
}

#[tokio::test]
async fn searches_find_parts_of_names_and_aliases() {
    let api = zoo().await;
    let rows: [(&str, &[&str]); 14] = [
        ("INVOICE", &["Invoices", "invoice copy"]),
        ("kÄSE", &["Käse"]),
        ("2026", &["Invoices"]),
        ("name:2026", &[]),
        ("alias:rech", &["Invoices"]),
        ("name:alias:rech", &["Invoices"]),
        ("exact:invoices", &["Invoices"]),
        ("exact:invoice", &[]),
        ("exact:alias:OFF", &["disabled"]),
        ("not:invoice", &["Käse", "rotated", "disabled"]),
        ("not:alias:exact:off", &["Invoices", "invoice copy", "Käse", "rotated"]),
        ("escape:not:invoice", &[]),
        ("gone", &[]),
        ("invoice,", &["Invoices", "invoice copy"]),
    ];
    for (search, expected) in rows {
        assert_eq!(names(&list(&api, &[("search", search), ("sort", "creationDate")]).await), expected, "{search}");
    }
    let narrowed = list(&api, &[("search", "invoice"), ("extractable", "true")]).await;
    assert_eq!(names(&narrowed), ["invoice copy"]);
    let deleted = list(&api, &[("search", "gone"), ("state", "5")]).await;
    assert_eq!(names(&deleted), ["deleted"]);
    let page = list(&api, &[("search", "invoice"), ("sort", "-creationDate"), ("offset", "1")]).await;
    assert_eq!(names(&page), ["Invoices"]);
    let elsewhere = api.get(&path(&[("search", "invoice")])).header("x-kms-key-ring", "other").send().await;
    assert_eq!(names(&elsewhere), [""; 0]);
}

#[tokio::test]
async fn a_list_says_how_its_search_was_understood() {
    let api = zoo().await;
    assert!(list(&api, &[]).await.json["metadata"].get("searchQuery").is_none());
    for (search, understood) in [
        ("in", json!({"query": "in", "scopes": ["name", "alias"], "not": false, "exact": false})),
        ("not:alias:in,", json!({"query": "in", "scopes": ["alias"], "not": true, "exact": false})),
        ("exact:name:escape:alias:in", json!({"query": "alias:in", "scopes": ["name"], "not": false, "exact": true})),
    ] {
        let answer = list(&api, &[("search", search)]).await;
        assert_eq!(answer.json["metadata"]["searchQuery"], understood, "{search}");
        assert!(answer.json["metadata"].get("incompleteSearch").is_none());
    }
}

#[tokio::test]
async fn a_key_named_outright_comes_first() {
    let api = zoo().await;
    let twin = api.create(json!({"name": "about off and on", "extractable": false})).await;
    let found = list(&api, &[("search", "off"), ("sort", "-creationDate")]).await;
    assert_eq!(names(&found), ["disabled", "about off and on"]);
    let id = twin["id"].as_str().expect("an id");
    assert_eq!(names(&list(&api, &[("search", id)]).await), ["about off and on"]);
    assert_eq!(names(&list(&api, &[("search", &format!("name:{id},"))]).await), ["about off and on"]);
    for (search, states) in [(id, "2"), ("gone", "1")] {
        assert_eq!(names(&list(&api, &[("search", search), ("state", states)]).await), [""; 0], "{search}");
    }
}

#[tokio::test]
async fn a_search_looks_through_five_thousand_keys_and_no_more() {
    let api = Api::new().await;
    let named = api.create(json!({"name": "the first", "extractable": false, "aliases": ["first"]})).await;
    copy_first_key(&api, 4999);
    let answer = list(&api, &[("search", "first"), ("limit", "5000")]).await;
    assert_eq!(answer.json["metadata"]["collectionTotal"], 5000);
    assert_eq!(answer.json["resources"][0]["id"], named["id"]);

    copy_first_key(&api, 1);
    for search in ["the first", "name:first", "not:first"] {
        list(&api, &[("search", search)]).await.refused(400, "KEY_SEARCH_TOO_BROAD");
    }
    for search in ["first", named["id"].as_str().expect("an id")] {
        let alone = list(&api, &[("search", search)]).await;
        assert_eq!(alone.is(StatusCode::OK).resource()["id"], named["id"]);
        assert_eq!(alone.json["metadata"]["incompleteSearch"], true);
        assert_eq!(names(&list(&api, &[("search", search), ("offset", "1")]).await), [""; 0]);
    }
    let narrowed = list(&api, &[("search", "the first"), ("extractable", "true")]).await;
    assert_eq!(names(&narrowed), [""; 0]);
}

/// Rows only: nothing here opens material.
fn copy_first_key(api: &Api, times: u32) {
    let database = api.tables();
    let id = if database.is_postgres() { "decode(md5(random()::text || n.i), 'hex')" } else { "randomblob(16)" };
    let sql = format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {times})
         INSERT INTO keys (id, instance, ring, name, tags, extractable, imported, bits, created_at, created_by, state,
             state_since, revision)
         SELECT {id}, instance, ring, name, tags, extractable, imported, bits, created_at, created_by, state,
             state_since, revision FROM (SELECT * FROM keys LIMIT 1) AS first, n"
    );
    assert_eq!(database.execute(&sql).expect("copied"), u64::from(times));
    let sql = "INSERT INTO key_versions (key_id, number, id, created_at, material)
        SELECT id, 1, id, created_at, id FROM keys
        WHERE NOT EXISTS (SELECT 1 FROM key_versions WHERE key_id = keys.id)";
    assert_eq!(database.execute(sql).expect("copied"), u64::from(times));
}

#[tokio::test]
async fn bad_list_parameters_are_named() {
    let api = Api::new().await;
    let instant = "\"2026-01-10T09:00:00Z\"";
    let four = "state=1 ".repeat(4);
    for (name, value) in [
        ("limit", "0"),
        ("limit", "5001"),
        ("limit", "many"),
        ("offset", "-1"),
        ("state", "6"),
        ("state", "1,x"),
        ("state", "1, 2"),
        ("extractable", "maybe"),
        ("filter", "state"),
        ("filter", "state=6"),
        ("filter", "name=x"),
        ("filter", "extractable=none"),
        ("filter", "creationDate=2026-01-10T09:00:00Z"),
        ("filter", "creationDate=\"2026-01-10\""),
        ("filter", "creationDate=\"yesterday"),
        ("filter", &format!("creationDate=eq:{instant}")),
        ("filter", &format!("creationDate = {instant}")),
        ("filter", &four),
        ("search", ","),
        ("search", "not:exact:"),
        ("sort", "name"),
        ("sort", "id,"),
        ("sort", "id,-id"),
    ] {
        let answer = list(&api, &[(name, value)]).await;
        answer.refused_for(400, "INVALID_QUERY_PARAM_ERR", "query_param", name);
    }
}

#[tokio::test]
async fn what_is_given_alone_is_not_given_in_the_filter_too() {
    let api = Api::new().await;
    for (name, value, filter) in
        [("state", "1", "state=1"), ("extractable", "true", "creationDate=none extractable=true")]
    {
        let parameters = [(name, value), ("filter", filter)];
        list(&api, &parameters).await.refused_for(400, "INVALID_QUERY_PARAM_ERR", "query_param", name);
        let head = api.call(Method::HEAD, &path(&parameters)).send().await;
        assert_eq!((head.status, head.text.as_str()), (StatusCode::BAD_REQUEST, ""));
    }
    for name in ["state", "extractable", "filter", "search", "sort"] {
        let value = if name == "state" { "1" } else { "true" };
        let answer = list(&api, &[(name, value), (name, value)]).await;
        answer.refused_for(400, "INVALID_QUERY_PARAM_ERR", "query_param", name);
    }
    let head = api.call(Method::HEAD, &path(&[("search", "x")])).send().await;
    head.is(StatusCode::BAD_REQUEST);
}
