//! Both engines over JavaScript's byte arrays, behind one type.
//!
//! *Invariant:* chosen once for each message; after that nobody asks which one it is.

use alloc::vec::Vec;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use js_sys::Uint8Array;
use wasm_bindgen_futures::JsFuture;

use crate::client::{EngineChoice, EngineKind, Runtime};
use crate::error::Error;
use crate::message::{Engine, FrameJob, MessageKey, SoftEngine, TAG_LENGTH};

use super::error::Failure;
use super::webcrypto::{self, WebCrypto};

/// What a client knows of engines: the caller's choice, and where it runs.
#[derive(Clone, Copy)]
pub(super) struct Engines {
    pub(super) choice: EngineChoice,
    pub(super) runtime: Runtime,
}

/// One message's engine.
pub(super) enum Aes {
    Soft(SoftEngine),
    Platform(WebCrypto),
}

impl Engines {
    /// The engine to seal a message of `length` bytes with, if that is known.
    pub(super) async fn to_seal(self, key: &MessageKey, length: Option<u64>) -> Result<Aes, Failure> {
        self.engine(key, length, "encrypt").await
    }

    /// The engine to open a message of `length` bytes with, if that is known.
    pub(super) async fn to_open(self, key: &MessageKey, length: Option<u64>) -> Result<Aes, Failure> {
        self.engine(key, length, "decrypt").await
    }

    async fn engine(self, key: &MessageKey, length: Option<u64>, usage: &str) -> Result<Aes, Failure> {
        // Keys of 192 bits, which some messages of version 1 have, are not taken everywhere.
        if key.secret().len() == 24 {
            return Ok(Aes::Soft(SoftEngine::new(key)?));
        }
        let subtle = webcrypto::subtle();
        match (self.choice.choose(self.runtime, subtle.is_some(), length)?, subtle) {
            (EngineKind::Platform, Some(subtle)) => Ok(Aes::Platform(WebCrypto::import(subtle, key, usage).await?)),
            _ => Ok(Aes::Soft(SoftEngine::new(key)?)),
        }
    }
}

impl Engine for Aes {
    type Chunk = Uint8Array;
    type Pending = AesPending;

    fn length(chunk: &Uint8Array) -> usize {
        chunk.length() as usize
    }

    fn tag(sealed: &Uint8Array) -> [u8; TAG_LENGTH] {
        let mut tag = [0; TAG_LENGTH];
        let length = sealed.length();
        sealed.subarray(length.saturating_sub(TAG_LENGTH as u32), length).copy_to(&mut tag);
        tag
    }

    fn seal(&self, job: FrameJob, plaintext: Uint8Array) -> AesPending {
        match self {
            Self::Soft(engine) => AesPending::ready(engine.seal(job, plaintext.to_vec()).into_inner()),
            Self::Platform(engine) => AesPending::start(engine.seal(&job, &plaintext), Error::Platform),
        }
    }

    fn open(&self, job: FrameJob, sealed: Uint8Array) -> AesPending {
        match self {
            Self::Soft(engine) => AesPending::ready(engine.open(job, sealed.to_vec()).into_inner()),
            Self::Platform(engine) => {
                let not_authentic = job.not_authentic();
                AesPending::start(engine.open(&job, &sealed), not_authentic)
            }
        }
    }
}

/// A frame on its way through an engine.
pub(super) enum AesPending {
    Ready(Option<Result<Uint8Array, Error>>),
    /// The platform's promise, and what its refusal of a tag means.
    Platform(JsFuture, Error),
}

impl AesPending {
    fn ready(result: Result<Vec<u8>, Error>) -> Self {
        Self::Ready(Some(result.map(|bytes| Uint8Array::from(bytes.as_slice()))))
    }

    fn start(started: Result<JsFuture, wasm_bindgen::JsValue>, refusal: Error) -> Self {
        match started {
            Ok(future) => Self::Platform(future, refusal),
            Err(_) => Self::Ready(Some(Err(Error::Platform))),
        }
    }
}

impl Future for AesPending {
    type Output = Result<Uint8Array, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Ready(result) => {
                Poll::Ready(result.take().unwrap_or(Err(Error::Internal("a frame was asked twice"))))
            }
            Self::Platform(future, refusal) => Pin::new(future).poll(context).map(|settled| match settled {
                Ok(buffer) => Ok(webcrypto::bytes(&buffer)),
                Err(thrown) if webcrypto::is_not_authentic(&thrown) => Err(refusal.clone()),
                Err(_) => Err(Error::Platform),
            }),
        }
    }
}
