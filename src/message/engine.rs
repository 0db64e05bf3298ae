//! Who runs AES: one trait, and the engine in plain Rust.
//!
//! *Invariant:* an engine is told nonce and additional data by a [`FrameJob`], which only the frame counter makes.

use alloc::vec::Vec;
use core::future::{Future, Ready, ready};

use crate::crypto::gcm::{Gcm, NONCE_LENGTH, TAG_LENGTH};
use crate::error::Error;
use crate::secret::Secret;

/// The nonce of a header that is written. Frame nonces count from 1, so it never is a frame's.
pub(super) const HEADER_NONCE: [u8; NONCE_LENGTH] = [0; NONCE_LENGTH];

/// The key of one message, derived from data key and message id. It seals or opens that message and nothing else.
#[derive(Debug)]
pub struct MessageKey(Secret);

impl MessageKey {
    pub(super) fn new(bytes: Secret) -> Self {
        Self(bytes)
    }

    /// The bytes, for the engine that takes them over.
    pub(crate) fn secret(&self) -> &Secret {
        &self.0
    }
}

/// One frame's work: number, nonce and additional data.
#[derive(Debug)]
pub struct FrameJob {
    pub(super) number: u32,
    pub(super) iv: [u8; NONCE_LENGTH],
    pub(super) aad: Vec<u8>,
}

impl FrameJob {
    /// Nonce, 12 bytes.
    pub fn iv(&self) -> &[u8; NONCE_LENGTH] {
        &self.iv
    }

    /// Additional authenticated data.
    pub fn aad(&self) -> &[u8] {
        &self.aad
    }

    /// The error of a frame whose tag does not verify.
    pub fn not_authentic(&self) -> Error {
        Error::FrameAuthentication { frame: self.number }
    }
}

/// Runs AES-256-GCM over frames under one message key.
///
/// `Chunk` is how the engine holds bytes: the format only ever asks for their number, so an engine of the platform
/// keeps plaintext out of this module's memory.
pub trait Engine: Sized {
    /// Bytes as this engine holds them.
    type Chunk;
    /// A result that may take a while.
    type Pending: Future<Output = Result<Self::Chunk, Error>>;

    /// Number of bytes in a chunk.
    fn length(chunk: &Self::Chunk) -> usize;

    /// The tag at the end of what [`seal`](Self::seal) made.
    fn tag(sealed: &Self::Chunk) -> [u8; TAG_LENGTH];

    /// Plaintext in, ciphertext and tag out.
    fn seal(&self, job: FrameJob, plaintext: Self::Chunk) -> Self::Pending;

    /// Ciphertext and tag in, plaintext out; [`FrameJob::not_authentic`] and no plaintext if the tag does not verify.
    fn open(&self, job: FrameJob, sealed: Self::Chunk) -> Self::Pending;
}

/// AES in plain Rust: works at once and everywhere.
pub struct SoftEngine(Gcm);

impl SoftEngine {
    /// Takes over the message key.
    ///
    /// # Errors
    /// [`Error::Internal`] never, as a message key has 32 bytes.
    pub fn new(key: &MessageKey) -> Result<Self, Error> {
        // The cipher's key schedule needs the bytes.
        Gcm::new(key.secret()).map(Self).ok_or(Error::Internal("message key length"))
    }
}

impl SoftEngine {
    /// The tag of a header that is written (format section "Header Authentication").
    pub(super) fn header_tag(&self, body: &[u8]) -> Result<[u8; TAG_LENGTH], Error> {
        self.0.seal(&HEADER_NONCE, body, &mut []).ok_or(Error::Internal("header too long for GCM"))
    }

    /// Checks the tag of a header.
    ///
    /// # Errors
    /// [`Error::HeaderAuthentication`] if it is not the header's.
    pub(super) fn check_header(
        &self,
        nonce: &[u8; NONCE_LENGTH],
        body: &[u8],
        tag: &[u8; TAG_LENGTH],
    ) -> Result<(), Error> {
        self.0.open(nonce, body, &mut [], tag).map_err(|_| Error::HeaderAuthentication)
    }

    /// Encrypts a frame's content where it stands; returns its tag.
    pub(super) fn seal_in_place(&self, job: &FrameJob, content: &mut [u8]) -> Result<[u8; TAG_LENGTH], Error> {
        self.0.seal(job.iv(), job.aad(), content).ok_or(Error::Internal("frame too long for GCM"))
    }
}

impl Engine for SoftEngine {
    type Chunk = Vec<u8>;
    type Pending = Ready<Result<Vec<u8>, Error>>;

    fn length(chunk: &Vec<u8>) -> usize {
        chunk.len()
    }

    fn tag(sealed: &Vec<u8>) -> [u8; TAG_LENGTH] {
        sealed.last_chunk().copied().unwrap_or_default()
    }

    fn seal(&self, job: FrameJob, mut chunk: Vec<u8>) -> Self::Pending {
        ready(self.seal_in_place(&job, &mut chunk).map(|tag| {
            chunk.extend_from_slice(&tag);
            chunk
        }))
    }

    fn open(&self, job: FrameJob, mut chunk: Vec<u8>) -> Self::Pending {
        let Some((content, tag)) = chunk.split_last_chunk_mut::<TAG_LENGTH>() else {
            return ready(Err(Error::Internal("frame without a tag")));
        };
        let opened = self.0.open(job.iv(), job.aad(), content, tag).map_err(|_| job.not_authentic());
        let length = content.len();
        chunk.truncate(length);
        ready(opened.map(|()| chunk))
    }
}
