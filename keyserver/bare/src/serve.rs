//! A server that reads the JSON of a wrap, encrypts, and answers; the same requests can be sent to it as to the key server.
//!
//! *Invariant:* one key for everything, so that nothing is looked up.

use std::{io, sync::Arc};

use aes_gcm::{
    Aes256Gcm,
    aead::{Aead, KeyInit, Payload},
};
use axum::{Json, Router, extract::State, http::StatusCode, routing::post};
use base64ct::{Base64, Encoding};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

#[derive(Deserialize)]
struct Wrap {
    plaintext: String,
    #[serde(default)]
    aad: Vec<String>,
}

#[derive(Serialize)]
struct Wrapped {
    ciphertext: String,
}

/// Listens on a free port of the loopback interface, prints its address, and serves until killed.
#[tokio::main]
pub(crate) async fn run() -> io::Result<()> {
    let mut key = [0; 32];
    getrandom::fill(&mut key)?;
    let router = Router::new().route("/api/v2/keys/{id}/actions/wrap", post(wrap));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    axum::serve(listener, router.with_state(Arc::new(Aes256Gcm::new(&key.into())))).await
}

async fn wrap(State(cipher): State<Arc<Aes256Gcm>>, Json(body): Json<Wrap>) -> Result<Json<Wrapped>, StatusCode> {
    let dek = Base64::decode_vec(&body.plaintext).map_err(|_| StatusCode::BAD_REQUEST)?;
    let mut nonce = [0; 12];
    getrandom::fill(&mut nonce).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let aad = body.aad.concat();
    let payload = Payload { msg: &dek, aad: aad.as_bytes() };
    let sealed = cipher.encrypt(&nonce.into(), payload).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(Json(Wrapped { ciphertext: Base64::encode_string(&[nonce.as_slice(), &sealed].concat()) }))
}
