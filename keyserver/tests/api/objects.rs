//! `/services/v1/{instance}/objects`: what is stored, how it comes back, and when nothing does.

use std::{fs, path::PathBuf};

use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use base64ct::{Base64, Encoding};
use futures_util::stream;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{
    Api, READER, WRITER,
    objects::{OBJECTS, Store, sealed},
};

pub(crate) async fn story() -> (Api, String, Store) {
    let api = Api::new().await;
    let key = api.root_key().await;
    let store = api.encrypted_by(&key).await;
    (api, key, store)
}

fn hex(message: &[u8]) -> String {
    Sha256::digest(message).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn digest(message: &[u8]) -> String {
    format!("sha-256=:{}:", Base64::encode_string(&Sha256::digest(message)))
}

#[tokio::test]
async fn an_object_comes_back_as_it_was_stored() {
    let (api, _, store) = story().await;
    let message = sealed(&[&store.root], 300_000);
    let put = api.put(&store.path("reports/2026/január.pdf".replace('á', "%C3%A1").as_str())).body(message.clone());
    let put = put.header("content-digest", &digest(&message)).send().await;
    put.is(StatusCode::CREATED);
    assert_eq!(
        (put.json["name"].as_str(), put.json["size"].as_u64()),
        (Some("reports/2026/január.pdf"), Some(message.len() as u64))
    );
    assert_eq!(put.header("etag"), format!("\"{}\"", hex(&message)));
    let got = api.get(&store.path("reports/2026/janu%C3%A1r.pdf")).send().await;
    assert!(got.is(StatusCode::OK).bytes == message, "the same bytes");
    assert_eq!(got.header("content-length"), message.len().to_string());
    assert_eq!(got.header("repr-digest"), digest(&message));
    assert_eq!(got.header("etag"), put.header("etag"));
    assert_eq!(got.header("accept-ranges"), "bytes");
    assert_eq!(got.header("last-modified"), "Sat, 10 Jan 2026 09:00:00 GMT");
    let head = api.call(Method::HEAD, &store.path("reports/2026/janu%C3%A1r.pdf")).send().await;
    assert_eq!((head.is(StatusCode::OK).bytes.len(), head.header("content-length")), (0, &*message.len().to_string()));
    let api = api.restart().await;
    assert!(api.get(&store.path("reports/2026/janu%C3%A1r.pdf")).send().await.is(StatusCode::OK).bytes == message);
}

#[tokio::test]
async fn parts_of_an_object_are_read() {
    let (api, _, store) = story().await;
    let message = api.store(&store, "video", 5000).await;
    let size = message.len();
    let part = async |range: &str| api.get(&store.path("video")).header("range", range).send().await;
    for (range, first, end) in [
        ("bytes=0-0".to_owned(), 0, 1),
        ("bytes=100-199".to_owned(), 100, 200),
        (format!("bytes={}-", size - 7), size - 7, size),
        ("bytes=-7".to_owned(), size - 7, size),
        (format!("bytes=10-{}", size * 2), 10, size),
    ] {
        let answer = part(&range).await;
        assert_eq!(answer.is(StatusCode::PARTIAL_CONTENT).bytes, message[first..end], "{range}");
        assert_eq!(answer.header("content-range"), format!("bytes {first}-{}/{size}", end - 1));
        assert_eq!(answer.header("content-length"), (end - first).to_string());
    }
    let beyond = part(&format!("bytes={size}-")).await;
    beyond.turned_away(416, "OBJECT_RANGE_ERR");
    assert_eq!(beyond.header("content-range"), format!("bytes */{size}"));
    for ignored in ["bytes=5-1", "lines=1-2", "bytes=0-1,4-5"] {
        assert_eq!(part(ignored).await.is(StatusCode::OK).bytes.len(), size, "{ignored}");
    }
    let only_if = async |tag: &str| {
        let call = api.get(&store.path("video")).header("range", "bytes=0-9").header("if-range", tag);
        call.send().await.status
    };
    assert_eq!(only_if(&format!("\"{}\"", hex(&message))).await, StatusCode::PARTIAL_CONTENT);
    assert_eq!(only_if("\"other\"").await, StatusCode::OK);
}

#[tokio::test]
async fn what_is_not_sealed_under_the_key_of_the_instance_is_not_stored() {
    let (api, key, store) = story().await;
    let other = api.root_key().await;
    let put = async |body: Vec<u8>| api.put(&store.path("x")).body(body).send().await;
    for plain in [b"".to_vec(), b"name,email\nAda,ada@example.com\n".to_vec(), vec![0; 100_000], vec![2, 4, 0x78]] {
        put(plain).await.turned_away(422, "OBJECT_NOT_SEALED_ERR");
    }
    let foreign = format!("{}/{other}", api.instance);
    let elsewhere = format!("00000000-0000-4000-8000-000000000000/{key}");
    for roots in [vec![&*foreign], vec![&*elsewhere], vec![&*store.root, &*foreign], vec!["k1"]] {
        put(sealed(&roots, 10)).await.turned_away(422, "OBJECT_KEY_MISMATCH_ERR");
    }
    let whole = sealed(&[&store.root], 2500);
    put(whole[..whole.len() - 1].to_vec()).await.turned_away(422, "OBJECT_DAMAGED_ERR");
    put([&whole[..], b"plaintext"].concat()).await.turned_away(422, "OBJECT_DAMAGED_ERR");
    assert_eq!(api.get(&format!("/services/v1/{}/objects", store.guid)).send().await.json["objects"], json!([]));
    assert_eq!(left_on_disk(&api), Vec::<PathBuf>::new());
    put(whole).await.is(StatusCode::CREATED);
}

pub(crate) fn left_on_disk(api: &Api) -> Vec<PathBuf> {
    fn walk(folder: PathBuf, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { walk(path, found) } else { found.push(path) }
        }
    }
    let mut found = Vec::new();
    walk(api.directory().join("objects"), &mut found);
    found
}

#[tokio::test]
async fn an_object_under_an_alias_of_the_key_is_stored() {
    let api = Api::new().await;
    let fields = json!({"name": "aliased", "extractable": false, "aliases": ["invoices"]});
    let key = api.create(fields).await["id"].as_str().expect("an id").to_owned();
    let store = api.encrypted_by(&key).await;
    let message = sealed(&[&format!("{}/invoices", api.instance)], 10);
    api.put(&store.path("x")).body(message).send().await.is(StatusCode::CREATED);
    let wrong = sealed(&[&format!("{}/receipts", api.instance)], 10);
    api.put(&store.path("x")).body(wrong).send().await.turned_away(422, "OBJECT_KEY_MISMATCH_ERR");
}

#[tokio::test]
async fn what_arrives_otherwise_than_announced_is_not_stored() {
    let (api, _, store) = story().await;
    let message = sealed(&[&store.root], 100);
    let put = async |header: &str, value: &str| {
        api.put(&store.path("x")).header(header, value).body(message.clone()).send().await
    };
    put("content-digest", &digest(b"other")).await.turned_away(400, "OBJECT_CHECKSUM_ERR");
    for odd in ["sha-256=abc", "md5=:AAAA:", "sha-256=:AAAA:", ""] {
        put("content-digest", odd).await.turned_away(400, "INVALID_FIELD_ERR");
    }
    let broken = stream::iter([Ok(message.clone()), Err(std::io::Error::other("the sender has gone"))]);
    let cut = api.put(&store.path("x")).body(Body::from_stream(broken)).send().await;
    cut.turned_away(408, "BODY_INCOMPLETE_ERR");
    api.get(&store.path("x")).send().await.turned_away(404, "OBJECT_NOT_FOUND_ERR");
    assert_eq!(left_on_disk(&api), Vec::<PathBuf>::new());
    put("repr-digest", &format!("sha-512=:AAAA:, {}", digest(&message))).await.is(StatusCode::CREATED);
}

#[tokio::test]
async fn objects_are_replaced_on_condition() {
    let (api, _, store) = story().await;
    let (one, two) = (sealed(&[&store.root], 10), sealed(&[&store.root], 20));
    let put = async |header: &str, value: &str, body: &[u8]| {
        api.put(&store.path("x")).header(header, value).body(body.to_vec()).send().await
    };
    put("if-match", "*", &one).await.turned_away(412, "OBJECT_PRECONDITION_ERR");
    put("if-none-match", "*", &one).await.is(StatusCode::CREATED);
    put("if-none-match", "*", &two).await.turned_away(412, "OBJECT_PRECONDITION_ERR");
    let tag = |message: &[u8]| format!("\"{}\"", hex(message));
    put("if-match", &tag(&two), &two).await.turned_away(412, "OBJECT_PRECONDITION_ERR");
    put("if-match", &format!("\"x\", {}", tag(&one)), &two).await.is(StatusCode::CREATED);
    assert_eq!(left_on_disk(&api).len(), 1, "the replaced file is gone");
    let get = async |header: &str, value: &str| api.get(&store.path("x")).header(header, value).send().await;
    let known = get("if-none-match", &tag(&two)).await;
    assert_eq!((known.is(StatusCode::NOT_MODIFIED).bytes.len(), known.header("etag")), (0, &*tag(&two)));
    assert!(get("if-none-match", &tag(&one)).await.is(StatusCode::OK).bytes == two);
    get("if-match", &tag(&one)).await.turned_away(412, "OBJECT_PRECONDITION_ERR");
    let delete = async |tag: &str| api.delete(&store.path("x")).header("if-match", tag).send().await;
    delete(&tag(&one)).await.turned_away(412, "OBJECT_PRECONDITION_ERR");
    delete(&tag(&two)).await.is(StatusCode::NO_CONTENT);
    delete(&tag(&two)).await.turned_away(404, "OBJECT_NOT_FOUND_ERR");
    assert_eq!(left_on_disk(&api), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn names_are_data_and_lists_are_in_their_order() {
    let (api, _, store) = story().await;
    let names = [
        "a",
        "a/b",
        "a/c",
        "b",
        "..%2F..%2Fescape",
        "%2Fetc%2Fpasswd",
        "a%20b",
        "%C3%A9t%C3%A9",
        "z".repeat(1024).leak(),
    ];
    for name in names {
        api.store(&store, name, 1).await;
    }
    let list = async |query: &str| {
        let answer = api.get(&format!("/services/v1/{}/objects?{query}", store.guid)).send().await;
        let objects = answer.is(StatusCode::OK).json["objects"].as_array().expect("a list").clone();
        let names: Vec<String> = objects.iter().map(|one| one["name"].as_str().expect("a name").to_owned()).collect();
        (names, answer.json["next"].as_str().map(str::to_owned))
    };
    let all = list("").await.0;
    let mut sorted = all.clone();
    sorted.sort();
    assert_eq!((all.len(), &all), (names.len(), &sorted));
    assert_eq!(list("prefix=a/").await, (vec!["a/b".to_owned(), "a/c".to_owned()], None));
    assert_eq!(list("prefix=nothing").await, (vec![], None));
    let (mut paged, mut query) = (Vec::new(), "limit=2".to_owned());
    loop {
        let (page, next) = list(&query).await;
        assert!(page.len() <= 2);
        paged.extend(page);
        let Some(next) = next else { break };
        query = format!("limit=2&after={}", next.replace('/', "%2F").replace(' ', "%20"));
    }
    assert_eq!(paged, all);
    for bad in ["limit=0", "limit=1001", "limit=x"] {
        let answer = api.get(&format!("/services/v1/{}/objects?{bad}", store.guid)).send().await;
        answer.refused_for(400, "INVALID_QUERY_PARAM_ERR", "query_param", "limit");
    }
    for path in left_on_disk(&api) {
        assert!(path.starts_with(api.directory().join("objects").join(&store.guid)), "{}", path.display());
    }
    assert_eq!(left_on_disk(&api).len(), names.len());
    let odd = api.get(&store.path("%FF")).send().await;
    odd.turned_away(401, "UNAUTHORIZED_ERR");
    for bad in [&*"z".repeat(1025), "a%00b"] {
        let answer = api.put(&store.path(bad)).body(sealed(&[&store.root], 1)).send().await;
        answer.turned_away(400, "INVALID_FIELD_ERR");
    }
}

#[tokio::test]
async fn removing_the_authorization_stops_everything_and_making_it_again_starts_it() {
    let (api, key, store) = story().await;
    let message = api.store(&store, "x", 100).await;
    api.delete(&format!("/v1/policies/{}", store.authorization)).send().await.is(StatusCode::NO_CONTENT);
    for (method, path) in operations(&store) {
        let call = api.call(method.clone(), &path).body(message.clone()).send().await;
        if method == Method::HEAD {
            assert_eq!((call.status, call.bytes.len()), (StatusCode::FORBIDDEN, 0));
        } else {
            call.turned_away(403, "SERVICE_AUTHORIZATION_MISSING_ERR");
        }
    }
    api.authorize(&[("resourceType", "key"), ("resource", &key)]).await;
    assert!(api.get(&store.path("x")).send().await.is(StatusCode::OK).bytes == message);
}

fn operations(store: &Store) -> [(Method, String); 5] {
    let list = format!("/services/v1/{}/objects", store.guid);
    [
        (Method::GET, list),
        (Method::GET, store.path("x")),
        (Method::HEAD, store.path("x")),
        (Method::PUT, store.path("x")),
        (Method::DELETE, store.path("x")),
    ]
}

#[tokio::test]
async fn a_key_that_is_disabled_or_deleted_stops_everything_until_it_is_back() {
    let (api, key, store) = story().await;
    let message = api.store(&store, "x", 100).await;
    let stopped = async |status: u16, code: &str| {
        for (method, path) in operations(&store) {
            let call = api.call(method.clone(), &path).body(message.clone()).send().await;
            if method == Method::HEAD {
                assert_eq!(call.status.as_u16(), status);
            } else {
                call.turned_away(status, code);
            }
        }
    };
    let works = async || assert!(api.get(&store.path("x")).send().await.is(StatusCode::OK).bytes == message);
    api.act(&key, "disable", Value::Null).await.is(StatusCode::NO_CONTENT);
    stopped(409, "KEY_ACTION_INVALID_STATE_ERR").await;
    api.clock.advance(30);
    api.act(&key, "enable", Value::Null).await.is(StatusCode::NO_CONTENT);
    works().await;
    api.delete(&format!("/api/v2/keys/{key}?force=true")).send().await.is(StatusCode::NO_CONTENT);
    stopped(410, "KEY_DELETED_ERR").await;
    api.clock.advance(30);
    api.post(&format!("/api/v2/keys/{key}/restore")).send().await.is(StatusCode::CREATED);
    works().await;
}

#[tokio::test]
async fn deleting_the_key_for_good_destroys_the_data() {
    let (mut api, key, store) = story().await;
    api.store(&store, "x", 100).await;
    api.delete(&format!("/api/v2/keys/{key}?force=true")).send().await.is(StatusCode::NO_CONTENT);
    api.advance(90 * 24 * 3600).await;
    api.run_due().await;
    api.get(&store.path("x")).send().await.turned_away(410, "ROOT_KEY_DESTROYED_ERR");
}

#[tokio::test]
async fn an_expired_key_gives_out_what_there_is_and_takes_nothing_new() {
    let mut api = Api::new().await;
    let fields = json!({"name": "short", "extractable": false, "expirationDate": "2026-01-10T10:00:00Z"});
    let key = api.create(fields).await["id"].as_str().expect("an id").to_owned();
    let store = api.encrypted_by(&key).await;
    let message = api.store(&store, "x", 100).await;
    api.advance(3600).await;
    api.get(&store.path("x")).send().await.is(StatusCode::OK);
    let put = api.put(&store.path("y")).body(message).send().await;
    put.turned_away(409, "KEY_ACTION_INVALID_STATE_ERR");
}

#[tokio::test]
async fn roles_on_the_instance_decide() {
    let (api, _, store) = story().await;
    let message = api.store(&store, "x", 100).await;
    let token = async |roles: &[&str], service: &str, more: &[(&str, &str)]| {
        let someone = api.someone(&[], &[]).await;
        if !roles.is_empty() {
            api.grant_on(service, &someone.iam_id, roles, more).await;
        }
        someone.token
    };
    let here = [("serviceInstance", &*store.guid)];
    let statuses = async |token: &str| {
        let mut statuses = Vec::new();
        for (method, path) in operations(&store) {
            statuses.push(api.call(method, &path).token(token).body(message.clone()).send().await.status.as_u16());
        }
        statuses
    };
    assert_eq!(statuses(&token(&[], OBJECTS, &[]).await).await, [401; 5]);
    assert_eq!(statuses(&token(&[READER], "kms", &[]).await).await, [401; 5], "keys are not objects");
    assert_eq!(statuses(&token(&[READER], OBJECTS, &here).await).await, [200, 200, 200, 401, 401]);
    let other = [("serviceInstance", "00000000-0000-4000-8000-000000000000")];
    assert_eq!(statuses(&token(&[WRITER], OBJECTS, &other).await).await, [401; 5]);
    assert_eq!(statuses(&token(&[WRITER], OBJECTS, &here).await).await, [200, 200, 200, 201, 204]);
    api.get(&store.path("x")).without("authorization").send().await.turned_away(401, "UNAUTHORIZED_ERR");
    // Whether an instance exists is not told.
    for guid in ["00000000-0000-4000-8000-000000000000", "nonsense", &api.instance] {
        api.get(&format!("/services/v1/{guid}/objects")).send().await.turned_away(401, "UNAUTHORIZED_ERR");
    }
    let unknown = api.get(&format!("/services/v1/{}/elsewhere", store.guid)).send().await;
    unknown.turned_away(404, "NOT_FOUND_ERR");
    let odd = api.post(&format!("/services/v1/{}/objects", store.guid)).send().await;
    odd.turned_away(405, "METHOD_NOT_ALLOWED_ERR");
}

#[tokio::test]
async fn an_instance_without_a_key_stores_nothing() {
    let api = Api::new().await;
    let plain = api.post("/v2/resource_instances").json(&api.order("plain", json!({}))).send().await;
    let guid = plain.is(StatusCode::CREATED).json["guid"].as_str().expect("a GUID").to_owned();
    let put = api.put(&format!("/services/v1/{guid}/objects/x")).body(b"x".to_vec()).send().await;
    put.turned_away(409, "INSTANCE_NOT_ENCRYPTED_ERR");
}

#[tokio::test]
async fn an_object_altered_on_disk_does_not_come_out_whole() {
    let (api, _, store) = story().await;
    let message = api.store(&store, "x", 300_000).await;
    let [file] = &*left_on_disk(&api) else { panic!("one file") };
    let mut bytes = fs::read(file).expect("a file");
    assert!(bytes == message);
    bytes[150_000] ^= 1;
    fs::write(file, &bytes).expect("written");
    let length = api.cut_off(&store.path("x")).await;
    assert!(length < message.len(), "{length} bytes of {} came", message.len());
    fs::write(file, &bytes[..1000]).expect("written");
    assert!(api.cut_off(&store.path("x")).await < 1001);
    fs::remove_file(file).expect("removed");
    api.get(&store.path("x")).send().await.turned_away(500, "INTERNAL_ERR");
}

#[tokio::test]
async fn a_download_under_way_stops_when_the_authorization_goes() {
    // Also when the clock is set back meanwhile.
    for seconds in [1, -30] {
        let (api, _, store) = story().await;
        let message = api.store(&store, "x", 2_000_000).await;
        let mut body = api.open(&store.path("x")).await;
        let first = body.next().await.expect("a piece");
        assert!(first < message.len());
        api.delete(&format!("/v1/policies/{}", store.authorization)).send().await.is(StatusCode::NO_CONTENT);
        api.clock.advance(seconds);
        let mut read = first;
        while let Some(piece) = body.next().await {
            read += piece;
        }
        assert!(read < message.len(), "{read} of {}", message.len());
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_removed_does_not_turn_a_deletion_into_a_failure() {
    let (api, _, store) = story().await;
    api.store(&store, "x", 100).await;
    let file = left_on_disk(&api).pop().expect("a file");
    fs::remove_file(&file).expect("removed");
    fs::create_dir(&file).expect("made");
    let path = format!("/v2/resource_instances/{}", store.guid);
    api.delete(&path).send().await.is(StatusCode::NO_CONTENT);
    let events = api.events_of("resource-controller.instance.delete");
    assert_eq!(events.len(), 1, "one request, one event: {events:?}");
    fs::remove_dir(&file).expect("removed");
    fs::write(&file, b"left").expect("written");
    assert_eq!(left_on_disk(&api.restart().await), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn files_that_never_became_objects_are_removed_at_the_next_start() {
    let (api, _, store) = story().await;
    let message = api.store(&store, "x", 100).await;
    let folder = api.directory().join("objects");
    let loose = format!("{}/ab/loose", store.guid);
    fs::create_dir_all(folder.join(&store.guid).join("ab")).expect("made");
    fs::write(folder.join(&loose), b"loose").expect("written");
    fs::write(folder.join("incoming/half"), b"half").expect("written");
    let insert = format!("INSERT INTO loose_files (file) VALUES ('{loose}'), ('gone/already')");
    assert_eq!(api.tables().execute(&insert), Ok(2));
    let api = api.restart().await;
    assert_eq!(left_on_disk(&api).len(), 1);
    assert!(api.get(&store.path("x")).send().await.is(StatusCode::OK).bytes == message);
    assert_eq!(api.tables().number("SELECT count(*) FROM loose_files"), 0);
}

#[tokio::test]
async fn every_operation_leaves_an_event_of_the_instance() {
    let (api, _, store) = story().await;
    let message = api.store(&store, "x", 100).await;
    for (method, path) in operations(&store) {
        api.call(method, &path).body(message.clone()).send().await;
    }
    api.get(&store.path("gone")).send().await;
    let database = api.tables();
    let sql = format!(
        "SELECT action, event FROM events WHERE instance = {} AND action LIKE 'envelock-objects.%' ORDER BY {}",
        database.id(&store.guid),
        database.arrival()
    );
    let event = |row: Vec<String>| (row[0].clone(), serde_json::from_str(&row[1]).expect("JSON"));
    let events: Vec<(String, Value)> = database.rows(&sql).into_iter().map(event).collect();
    let actions: Vec<&str> = events.iter().map(|(action, _)| action.as_str()).collect();
    let object = |action: &str| format!("envelock-objects.{action}");
    assert_eq!(
        actions,
        [
            "object.write",
            "object.list",
            "object.read",
            "object-metadata.read",
            "object.write",
            "object.delete",
            "object.read"
        ]
        .map(object)
    );
    let target = format!("{}object:x", store.crn.strip_suffix(':').expect("ten segments"));
    assert_eq!(events[0].1["target"]["id"], target);
    assert_eq!(events[0].1["logSourceCRN"], store.crn);
    assert_eq!((&events[6].1["outcome"], &events[6].1["reason"]["reasonCode"]), (&json!("failure"), &json!(404)));
}
