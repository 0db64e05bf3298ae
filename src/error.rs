//! What can go wrong, each with a stable code and whose fault it is.
//!
//! *Invariant:* no variant holds, and no text shows, key material, plaintext, a token or an API key.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

/// Every failure of this crate. Small, as almost every result has room for one.
///
/// Branch on [`code`](Self::code) or the variant, never on the text. [`fault`](Self::fault) says who can mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are not a message: wrong version byte.
    NotAnEnvelope,
    /// The bytes are the base64 text of a message; decode them first.
    Base64Envelope,
    /// A header or frame field breaks the format; the text names the field.
    Malformed(&'static str),
    /// A message of an algorithm suite that the caller does not allow.
    SuiteNotAllowed {
        /// The suite.
        id: u16,
        /// What the caller's `accept` option lacks.
        needs: &'static str,
    },
    /// A message whose body is one block and not frames, which the caller does not allow.
    NonFramed,
    /// The one block of a message's body is longer than the caller allows.
    NonFramedTooLong {
        /// Length of the block's content, bytes.
        length: u64,
        /// Longest allowed, bytes.
        limit: u32,
    },
    /// A message that can only be opened as a whole, and why.
    WholeOnly(&'static str),
    /// The signature of the message does not verify: it was altered after it was written.
    Signature,
    /// The host cannot verify signatures of this kind.
    SignatureUnsupported,
    /// The input ends before the message does, or a stored message does not end where its length says. Bytes released so
    /// far may be a cut-off prefix.
    Truncated,
    /// Bytes follow the final frame.
    TrailingData,
    /// A frame is not the next one in order.
    FrameOrder {
        /// The number that had to come.
        expected: u32,
    },
    /// The data key does not match the commit key in the header.
    CommitmentMismatch,
    /// The header was altered after it was written.
    HeaderAuthentication,
    /// A frame was altered, or belongs to another message or place.
    FrameAuthentication {
        /// The number of the frame, from 1.
        frame: u32,
    },
    /// A wrapped data key of a configured KEK does not unwrap: altered, another context, or another key of that name.
    UnwrapFailed,
    /// The message's context lacks an expected pair, or has another value for it.
    ContextMismatch {
        /// The key of the expected pair.
        key: String,
    },
    /// The message has more encrypted data keys than the caller allows.
    TooManyEdks {
        /// How many the message has.
        count: u16,
        /// How many are allowed.
        limit: u16,
    },
    /// The message's frames are longer than the caller allows.
    FrameTooLong {
        /// Frame length of the message, bytes.
        length: u32,
        /// Longest allowed, bytes.
        limit: u32,
    },
    /// No configured KEK recognises any encrypted data key of the message.
    NoMatchingKek,
    /// An argument or option is wrong.
    InvalidArgument(Box<ArgumentError>),
    /// More plaintext than 2^32-1 frames hold.
    MessageTooLong,
    /// The caller insists on the platform's AES and the platform offers none.
    NoPlatformEngine,
    /// The platform's AES failed at what it can do, for instance for want of memory.
    Platform,
    /// What is sealed on demand is not what it was when parts of it were sealed before.
    SourceChanged,
    /// The client or data key was disposed of.
    Disposed,
    /// The message was not sealed under this very data key.
    OtherDataKey,
    /// The caller's token callback failed or gave no token.
    TokenCallback,
    /// The key service refused, failed or was out of reach.
    Service(Box<ServiceError>),
    /// A defect of this library; please report it.
    Internal(&'static str),
}

/// An argument or option that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArgumentError {
    /// The argument's name.
    pub argument: String,
    /// What is wrong with it and what to do.
    pub problem: String,
}

/// An answer of the key service, or of its identity service, that is not a success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceError {
    /// What it means for the caller.
    pub kind: ServiceFault,
    /// HTTP status; `None` when no answer came.
    pub status: Option<u16>,
    /// Machine-readable reason of the service, for instance `KEY_DELETED_ERR`.
    pub reason: Option<String>,
    /// Correlation id of the request, to quote to the service's operator.
    pub request_id: Option<String>,
}

/// What a failed call to the key service means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServiceFault {
    /// The identity service does not accept the API key.
    ApiKeyRefused,
    /// The caller has no access to the key: token refused, role missing or authorization removed.
    AccessDenied,
    /// The key is disabled or expired; enabling it brings access back.
    KeyDisabled,
    /// The key was deleted; it can be restored for 30 days.
    KeyDeleted,
    /// No such key in this instance, or it was purged.
    KeyNotFound,
    /// The key exists but is not a root key.
    NotARootKey,
    /// The service cannot unwrap this wrapped key: another key, altered, or another context.
    WrappedKeyRefused,
    /// Too many requests.
    RateLimited,
    /// The service failed on its side.
    Failed,
    /// The service refused the request for another reason; see `reason`.
    Refused,
    /// No answer: network, name, TLS, or the browser's cross-origin check.
    Unreachable,
    /// An answer that does not have the documented shape.
    BadReply,
}

/// Who can mend a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The message: malformed, altered, cut off or not ours.
    Data,
    /// The caller of this library: misuse, policy or limit.
    Caller,
    /// The key service or the way to it.
    Service,
    /// This library.
    Bug,
}

impl Error {
    /// The stable code of this failure.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAnEnvelope => "ERR_NOT_AN_ENVELOPE",
            Self::Base64Envelope => "ERR_BASE64_ENVELOPE",
            Self::Malformed(_) => "ERR_MALFORMED",
            Self::SuiteNotAllowed { .. } => "ERR_SUITE_NOT_ALLOWED",
            Self::NonFramed => "ERR_NON_FRAMED",
            Self::NonFramedTooLong { .. } => "ERR_NON_FRAMED_TOO_LONG",
            Self::WholeOnly(_) => "ERR_WHOLE_ONLY",
            Self::Signature => "ERR_SIGNATURE",
            Self::SignatureUnsupported => "ERR_SIGNATURE_UNSUPPORTED",
            Self::Truncated => "ERR_TRUNCATED",
            Self::TrailingData => "ERR_TRAILING_DATA",
            Self::FrameOrder { .. } => "ERR_FRAME_ORDER",
            Self::CommitmentMismatch => "ERR_COMMITMENT_MISMATCH",
            Self::HeaderAuthentication => "ERR_HEADER_AUTHENTICATION",
            Self::FrameAuthentication { .. } => "ERR_FRAME_AUTHENTICATION",
            Self::UnwrapFailed => "ERR_UNWRAP_FAILED",
            Self::ContextMismatch { .. } => "ERR_CONTEXT_MISMATCH",
            Self::TooManyEdks { .. } => "ERR_TOO_MANY_EDKS",
            Self::FrameTooLong { .. } => "ERR_FRAME_TOO_LONG",
            Self::NoMatchingKek => "ERR_NO_MATCHING_KEK",
            Self::InvalidArgument(_) => "ERR_INVALID_ARGUMENT",
            Self::MessageTooLong => "ERR_MESSAGE_TOO_LONG",
            Self::NoPlatformEngine => "ERR_NO_WEBCRYPTO",
            Self::Platform => "ERR_PLATFORM",
            Self::SourceChanged => "ERR_SOURCE_CHANGED",
            Self::Disposed => "ERR_DISPOSED",
            Self::OtherDataKey => "ERR_OTHER_DATA_KEY",
            Self::TokenCallback => "ERR_TOKEN_CALLBACK",
            Self::Service(error) => error.kind.code(),
            Self::Internal(_) => "ERR_INTERNAL",
        }
    }

    /// Who can mend it.
    pub fn fault(&self) -> Fault {
        match self {
            Self::NotAnEnvelope
            | Self::Base64Envelope
            | Self::Malformed(_)
            | Self::Signature
            | Self::Truncated
            | Self::TrailingData
            | Self::FrameOrder { .. }
            | Self::CommitmentMismatch
            | Self::HeaderAuthentication
            | Self::FrameAuthentication { .. }
            | Self::UnwrapFailed => Fault::Data,
            Self::SuiteNotAllowed { .. }
            | Self::NonFramed
            | Self::NonFramedTooLong { .. }
            | Self::WholeOnly(_)
            | Self::SignatureUnsupported
            | Self::ContextMismatch { .. }
            | Self::TooManyEdks { .. }
            | Self::FrameTooLong { .. }
            | Self::NoMatchingKek
            | Self::InvalidArgument(_)
            | Self::MessageTooLong
            | Self::SourceChanged
            | Self::NoPlatformEngine
            | Self::Platform
            | Self::Disposed
            | Self::OtherDataKey
            | Self::TokenCallback => Fault::Caller,
            Self::Service(_) => Fault::Service,
            Self::Internal(_) => Fault::Bug,
        }
    }

    /// Whether the same call may succeed later without any change by the caller.
    pub fn retryable(&self) -> bool {
        let Self::Service(error) = self else { return false };
        match error.kind {
            ServiceFault::RateLimited | ServiceFault::Failed | ServiceFault::Unreachable => true,
            ServiceFault::ApiKeyRefused
            | ServiceFault::AccessDenied
            | ServiceFault::KeyDisabled
            | ServiceFault::KeyDeleted
            | ServiceFault::KeyNotFound
            | ServiceFault::NotARootKey
            | ServiceFault::WrappedKeyRefused
            | ServiceFault::Refused
            | ServiceFault::BadReply => false,
        }
    }

    /// The correlation id of the failed request, where one was sent.
    pub fn request_id(&self) -> Option<&str> {
        let Self::Service(error) = self else { return None };
        error.request_id.as_deref()
    }

    pub(crate) fn service(
        kind: ServiceFault,
        status: Option<u16>,
        reason: Option<&str>,
        request_id: Option<&str>,
    ) -> Self {
        let (reason, request_id) = (reason.map(str::to_owned), request_id.map(str::to_owned));
        Self::Service(Box::new(ServiceError { kind, status, reason, request_id }))
    }

    pub(crate) fn argument(argument: &str, problem: &str) -> Self {
        let (argument, problem) = (argument.to_owned(), problem.to_owned());
        Self::InvalidArgument(Box::new(ArgumentError { argument, problem }))
    }
}

impl ServiceFault {
    fn code(self) -> &'static str {
        match self {
            Self::ApiKeyRefused => "ERR_API_KEY_REFUSED",
            Self::AccessDenied => "ERR_ACCESS_DENIED",
            Self::KeyDisabled => "ERR_KEY_DISABLED",
            Self::KeyDeleted => "ERR_KEY_DELETED",
            Self::KeyNotFound => "ERR_KEY_NOT_FOUND",
            Self::NotARootKey => "ERR_NOT_A_ROOT_KEY",
            Self::WrappedKeyRefused => "ERR_WRAPPED_KEY_REFUSED",
            Self::RateLimited => "ERR_RATE_LIMITED",
            Self::Failed => "ERR_SERVICE_FAILED",
            Self::Refused => "ERR_REQUEST_REFUSED",
            Self::Unreachable => "ERR_UNREACHABLE",
            Self::BadReply => "ERR_BAD_REPLY",
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::ApiKeyRefused => {
                "the identity service does not accept the API key: check that it is complete and still exists"
            }
            Self::AccessDenied => {
                "access to the root key is denied: the token, role or authorization is missing or was removed"
            }
            Self::KeyDisabled => "the root key is disabled or expired: ask its owner to enable it",
            Self::KeyDeleted => "the root key was deleted: its owner can restore it for 30 days",
            Self::KeyNotFound => "there is no such root key in this instance: check instance and key",
            Self::NotARootKey => "the key is not a root key and cannot wrap: name a root key",
            Self::WrappedKeyRefused => {
                "the key service cannot unwrap the data key: it was wrapped by another key or altered, or the encryption context differs"
            }
            Self::RateLimited => "the key service asks to slow down: try again later",
            Self::Failed => "the key service failed: try again later",
            Self::Refused => "the key service refused the request",
            Self::Unreachable => {
                "no answer from the key service: check the endpoint, the network and, in a browser, the allowed origins"
            }
            Self::BadReply => "the answer of the key service does not have the documented shape: check the endpoint",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnEnvelope => f.write_str("not a sealed message: the version byte is unknown"),
            Self::Base64Envelope => {
                f.write_str("this looks like the base64 text of a sealed message: decode it to bytes first")
            }
            Self::Malformed(what) => write!(f, "malformed message: {what}"),
            Self::SuiteNotAllowed { id, needs } => write!(
                f,
                "algorithm suite 0x{id:04x} is not read unless it is allowed: for old data, the client's accept option has {needs}"
            ),
            Self::NonFramed => f.write_str(
                "the message has a single-block body, which is not read unless it is allowed: for old data, the client's accept option has nonFramed",
            ),
            Self::NonFramedTooLong { length, limit } => {
                write!(f, "the message has a single-block body of {length} bytes and at most {limit} are allowed")
            }
            Self::WholeOnly(why) => write!(f, "this message can only be opened as a whole, with open(): {why}"),
            Self::Signature => f.write_str("the signature of the message does not verify: it was altered"),
            Self::SignatureUnsupported => f.write_str(
                "this runtime cannot verify the message's signature: crypto.subtle is missing, or does not take keys of this kind",
            ),
            Self::Truncated => f.write_str("the message does not end where it should: it is cut off, or a stored one was added to"),
            Self::TrailingData => f.write_str("bytes follow the end of the message"),
            Self::FrameOrder { expected } => write!(f, "frame {expected} had to come here and another one did"),
            Self::CommitmentMismatch => f.write_str("the data key is not the one the message commits to"),
            Self::HeaderAuthentication => f.write_str("the header is not authentic: it was altered"),
            Self::FrameAuthentication { frame } => write!(f, "frame {frame} is not authentic: it was altered or moved"),
            Self::UnwrapFailed => f.write_str("the wrapped data key does not open under the configured key"),
            Self::ContextMismatch { key } => {
                write!(f, "the encryption context of the message does not have the expected value for \"{key}\"")
            }
            Self::TooManyEdks { count, limit } => {
                write!(f, "the message has {count} encrypted data keys and at most {limit} are allowed")
            }
            Self::FrameTooLong { length, limit } => {
                write!(f, "the message has frames of {length} bytes and at most {limit} are allowed")
            }
            Self::NoMatchingKek => {
                f.write_str("no configured key is named in the message: inspect() shows which keys it was sealed under")
            }
            Self::InvalidArgument(error) => write!(f, "{}: {}", error.argument, error.problem),
            Self::MessageTooLong => f.write_str("too much plaintext for one message at this frame length"),
            Self::NoPlatformEngine => f.write_str(
                "crypto.subtle is missing, as in pages that are not served over https: leave engine at \"auto\", or use https",
            ),
            Self::Platform => f.write_str("the platform's AES failed: memory may be short, so try less at once"),
            Self::SourceChanged => f.write_str(
                "the source changed while it was sealed: no nonce is used for two contents, so seal it anew from the start",
            ),
            Self::Disposed => f.write_str("this was disposed of and holds no keys any more: make a new one"),
            Self::OtherDataKey => f.write_str(
                "the message was not sealed under this data key: open it with the client, which asks for the right one",
            ),
            Self::TokenCallback => f.write_str("getToken() failed or did not give a token"),
            Self::Service(error) => {
                f.write_str(error.kind.text())?;
                match (error.status, &error.reason) {
                    (Some(status), Some(reason)) => write!(f, " ({status} {reason})"),
                    (Some(status), None) => write!(f, " ({status})"),
                    (None, _) => Ok(()),
                }
            }
            Self::Internal(what) => write!(f, "defect in envelock, please report it: {what}"),
        }
    }
}

impl core::error::Error for Error {}
