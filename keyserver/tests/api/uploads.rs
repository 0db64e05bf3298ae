//! Objects on their way in: when an upload is cut short, and how much an instance takes.

use std::{path::PathBuf, time::Duration};

use axum::{body::Body, http::StatusCode};
use futures_util::{StreamExt, stream};
use serde_json::json;

use crate::{
    objects::{left_on_disk, story},
    support::{MAX_OBJECT_BYTES, objects::sealed},
};

#[tokio::test]
async fn plaintext_is_refused_at_its_first_bytes() {
    let (api, _, store) = story().await;
    // Never ends: an answer can only come while the rest is still to come.
    let endless = stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'a'; 1000]));
    let answer = api.put(&store.path("x")).body(Body::from_stream(endless)).send().await;
    answer.turned_away(422, "OBJECT_NOT_SEALED_ERR");
}

#[tokio::test]
async fn what_takes_too_long_to_arrive_is_not_stored() {
    let (api, _, store) = story().await;
    let api = api.restart_with(|options| options.services.upload_time = Duration::from_millis(300)).await;
    let start = sealed(&[&store.root], 1000);
    // Never silent for long, and never done.
    let drops = stream::repeat_with(|| vec![0; 1]).then(async |piece| {
        tokio::time::sleep(Duration::from_millis(50)).await;
        piece
    });
    let body = stream::iter([start[..start.len() - 500].to_vec()]).chain(drops).map(Ok::<_, std::io::Error>);
    let answer = api.put(&store.path("x")).body(Body::from_stream(Box::pin(body))).send().await;
    answer.turned_away(408, "OBJECT_UPLOAD_TIME_ERR");
    assert_eq!(left_on_disk(&api), [] as [PathBuf; 0]);
}

#[tokio::test]
async fn an_instance_stores_no_more_than_its_quota() {
    let (api, key, store) = story().await;
    let message = sealed(&[&store.root], 10_000);
    let size = message.len() as u64;
    let api = api.restart_with(|options| options.services.max_instance_bytes = 3 * size).await;
    let put = async |name: &str| api.put(&store.path(name)).body(message.clone()).send().await;
    for name in ["a", "b", "c", "c"] {
        put(name).await.is(StatusCode::CREATED);
    }
    put("d").await.turned_away(413, "OBJECT_QUOTA_ERR");
    assert_eq!(left_on_disk(&api).len(), 3, "what is refused leaves nothing");
    api.delete(&store.path("a")).send().await.is(StatusCode::NO_CONTENT);
    put("d").await.is(StatusCode::CREATED);
    put("a").await.turned_away(413, "OBJECT_QUOTA_ERR");
    // At the same moment, too: what is counted is counted where it is stored.
    api.delete(&store.path("b")).send().await.is(StatusCode::NO_CONTENT);
    let (one, other) = tokio::join!(put("e"), put("f"));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 413]);
    let order = api.order("another", json!({"kms_key_crn": api.key_crn(&key)}));
    let made = api.post("/v2/resource_instances").json(&order).send().await;
    let guid = made.is(StatusCode::CREATED).json["guid"].as_str().expect("a GUID");
    let there = api.put(&format!("/services/v1/{guid}/objects/a")).body(message.clone()).send().await;
    there.is(StatusCode::CREATED);
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_it_is_all_there() {
    let (api, _, store) = story().await;
    let start = sealed(&[&store.root], MAX_OBJECT_BYTES as usize);
    let endless = stream::iter([start]).chain(stream::repeat_with(|| vec![0; 1000])).map(Ok::<_, std::io::Error>);
    let answer = api.put(&store.path("x")).body(Body::from_stream(endless)).send().await;
    answer.turned_away(413, "OBJECT_TOO_LARGE_ERR");
    assert_eq!(left_on_disk(&api), [] as [PathBuf; 0]);
}
