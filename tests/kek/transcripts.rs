//! Recorded exchanges with a Key Protect service: what is sent, and what comes of each answer.

use base64ct::{Base64, Encoding};
use envelock::auth::{ApiKey, Auth};
use envelock::client::{Authorized, Client, Config};
use envelock::context::EncryptionContext;
use envelock::endpoint::Endpoint;
use envelock::error::{Error, Fault};
use envelock::kek::KeyProtect;
use envelock::keys::{DataKey, Edk, RootKeyRef};
use envelock::message::{Draft, FrameLength, Header, Limits};
use envelock::operation::{
    Call, Handle, HttpRequest, HttpResponse, Operation, Pending, Request, Response, Step, Unreachable,
};
use envelock::secret::Secret;
use envelock::time::Duration;
use serde::Deserialize;
use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Fixed, NOW, alone, context};

const ENDPOINT: &str = "https://keys.example.com/base";
const SOURCE: Handle = Handle(3);
/// SHA-256 of the serialized context {"tenant": "t-7"}, from another program.
const DIGEST: &str = "f2409d27465981b678e82c2bfaead4f68ba22e458b0332852312946072627713";

#[derive(Deserialize)]
struct File {
    instance: String,
    key: String,
    wrapped: String,
    transcripts: Vec<Transcript>,
}

#[derive(Deserialize)]
struct Transcript {
    id: String,
    verb: String,
    auth: String,
    steps: Vec<Exchange>,
    result: Expected,
}

#[derive(Deserialize)]
struct Exchange {
    ask: String,
    bearer: Option<String>,
    waits: Option<[u64; 2]>,
    reply: Value,
}

#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
struct Expected {
    #[serde(default)]
    done: bool,
    code: Option<String>,
    status: Option<u16>,
    reason: Option<String>,
    request_id: Option<String>,
    #[serde(default)]
    retryable: bool,
}

fn file() -> File {
    serde_json::from_str(include_str!("../vectors/key-protect/transcripts.json")).expect("transcripts")
}

/// What the host saw last.
#[derive(Default)]
struct Seen {
    correlation_id: Option<String>,
}

impl File {
    fn kek(&self) -> KeyProtect {
        let key = RootKeyRef::new(&self.instance, &self.key).expect("names");
        KeyProtect::new(Endpoint::new(ENDPOINT).expect("endpoint"), key)
    }

    fn client(&self, auth: &str) -> Client {
        let auth = match auth {
            "bearer" => Auth::Bearer(SOURCE),
            _ => {
                let key = Secret::new(b"key&1".to_vec());
                Auth::ApiKey(
                    ApiKey::new(key, Endpoint::new("http://localhost:1/").expect("endpoint")).expect("API key"),
                )
            }
        };
        Client::new(Config::new(Authorized::new(self.kek(), auth))).expect("client")
    }

    /// Checks one request and answers it.
    fn answer(
        &self,
        id: &str,
        exchange: &Exchange,
        request: &Request,
        seen: &mut Seen,
    ) -> Result<Response, Unreachable> {
        if let Some([least, most]) = exchange.waits {
            let waited = u64::try_from(request.delay.as_millis()).expect("short");
            assert!((least..=most).contains(&waited), "{id}: waits {waited} ms");
        } else if exchange.ask == "token" {
            assert_eq!(request.delay, Duration::ZERO, "{id}");
        }
        match &request.call {
            Call::Token(source) => assert_eq!((exchange.ask.as_str(), *source), ("token", SOURCE), "{id}"),
            Call::Http(http) if exchange.ask == "identity" => {
                seen.correlation_id = Some(self.check_identity(id, http));
            }
            Call::Http(http) => seen.correlation_id = Some(self.check_action(id, exchange, http)),
            call => panic!("{id}: no use for {call:?}"),
        }
        if exchange.reply == "unreachable" {
            return Err(Unreachable);
        }
        if let Some(token) = exchange.reply.get("token") {
            return Ok(Response::Token(Secret::new(token.as_str().expect("text").into())));
        }
        let header =
            |name: &str| exchange.reply["headers"].get(name).map(|value| value.as_str().expect("text").to_owned());
        let body = match exchange.reply.get("text") {
            Some(text) => text.as_str().expect("text").as_bytes().to_vec(),
            None => serde_json::to_vec(&exchange.reply["body"]).expect("body"),
        };
        Ok(Response::Http(HttpResponse {
            status: exchange.reply["status"].as_u64().and_then(|status| status.try_into().ok()).expect("status"),
            correlation_id: header("correlation-id"),
            retry_after: header("retry-after"),
            body: Secret::new(body),
        }))
    }

    /// Returns the correlation id.
    fn check_identity(&self, id: &str, http: &HttpRequest) -> String {
        assert_eq!(http.url, "http://localhost:1/identity/token", "{id}");
        assert!(http.bearer.is_none(), "{id}");
        assert_eq!(
            str::from_utf8(http.body.expose()).expect("form"),
            "grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey&apikey=key%261",
            "{id}"
        );
        header(http, "correlation-id")
    }

    /// Returns the correlation id.
    fn check_action(&self, id: &str, exchange: &Exchange, http: &HttpRequest) -> String {
        assert_eq!(http.url, format!("{ENDPOINT}/api/v2/keys/{}/actions/{}", self.key, exchange.ask), "{id}");
        let bearer = http.bearer.as_ref().map(|token| String::from_utf8_lossy(token.expose()).into_owned());
        assert_eq!(bearer, exchange.bearer, "{id}");
        assert_eq!(header(http, "bluemix-instance"), self.instance, "{id}");
        assert_eq!(
            header(http, "content-type"),
            format!("application/vnd.ibm.kms.key_action_{}+json", exchange.ask),
            "{id}"
        );
        let body: Value = serde_json::from_slice(http.body.expose()).expect("JSON");
        let data_key = Base64::encode_string(&(0..32).collect::<Vec<u8>>());
        let expected = match exchange.ask.as_str() {
            "wrap" => json!({ "plaintext": data_key, "aad": [DIGEST] }),
            _ => json!({ "ciphertext": self.wrapped, "aad": [DIGEST] }),
        };
        assert_eq!(body, expected, "{id}");
        header(http, "correlation-id")
    }

    /// Replays a transcript to its end; every exchange must be used.
    fn replay<T>(
        &self,
        transcript: &Transcript,
        mut step: Result<Step<Pending<T>>, Error>,
    ) -> (Result<T, Error>, Seen) {
        let mut exchanges = transcript.steps.iter();
        let mut seen = Seen::default();
        let mut now = NOW;
        loop {
            match step {
                Err(error) => {
                    assert_eq!(exchanges.len(), 0, "{}: ended early with {error}", transcript.id);
                    return (Err(error), seen);
                }
                Ok(Step::Done(output)) => {
                    assert_eq!(exchanges.len(), 0, "{}: ended early", transcript.id);
                    return (Ok(output), seen);
                }
                Ok(Step::Send(operation, request)) => {
                    let exchange = exchanges.next().unwrap_or_else(|| panic!("{}: asks too much", transcript.id));
                    now = now.plus(request.delay).plus(Duration::from_millis(5));
                    let reply = self.answer(&transcript.id, exchange, &request, &mut seen);
                    step = operation.resume(reply, now);
                }
            }
        }
    }
}

fn header(http: &HttpRequest, name: &str) -> String {
    http.headers.iter().find(|header| header.0 == name).map(|header| header.1.clone()).expect("header")
}

/// A message's header whose data key is the bytes 0 to 31 and which has this one entry.
fn message(provider_id: &str, provider_info: &str, ciphertext: &str) -> Header {
    let data_key = DataKey::generate(&mut Fixed::counting()).expect("data key");
    let frame_length = FrameLength::new(16).expect("frame length");
    let draft = Draft::new(context(&[("tenant", "t-7")]), frame_length, &mut Fixed::counting()).expect("draft");
    let edk = Edk {
        provider_id: provider_id.to_owned(),
        provider_info: provider_info.as_bytes().to_vec(),
        ciphertext: ciphertext.as_bytes().to_vec(),
    };
    let sealed = draft.seal(&data_key, &[edk]).expect("sealed");
    Header::parse_whole(sealed.header(), &Limits::default()).expect("header")
}

#[test]
fn recorded_exchanges_come_out_as_recorded() {
    let file = file();
    assert!(file.transcripts.len() > 50);
    for transcript in &file.transcripts {
        let client = file.client(&transcript.auth);
        let mut entropy = Fixed::counting();
        let (error, seen) = match transcript.verb.as_str() {
            "seal" => {
                let (result, seen) =
                    file.replay(transcript, alone(client.seal(context(&[("tenant", "t-7")]), None, &mut entropy, NOW)));
                if let Ok(sealed) = &result {
                    let header = Header::parse_whole(sealed.header(), &Limits::default()).expect("header");
                    let [edk] = header.edks() else { panic!("one entry") };
                    assert_eq!(edk.provider_id, "envelock-key-protect-v1");
                    assert_eq!(edk.provider_info, format!("{}/{}", file.instance, file.key).into_bytes());
                    assert_eq!(edk.ciphertext, file.wrapped.as_bytes(), "the service's text, unchanged");
                }
                (result.err(), seen)
            }
            _ => {
                let header =
                    message("envelock-key-protect-v1", &format!("{}/{}", file.instance, file.key), &file.wrapped);
                let expected = EncryptionContext::default();
                let (result, seen) = file.replay(transcript, alone(client.open(header, &expected, &mut entropy, NOW)));
                (result.err(), seen)
            }
        };
        check(transcript, error, &seen);
    }
}

fn check(transcript: &Transcript, error: Option<Error>, seen: &Seen) {
    let (id, expected) = (&transcript.id, &transcript.result);
    assert_eq!(error.is_none(), expected.done, "{id}: {error:?}");
    let Some(error) = error else { return };
    assert_eq!(Some(error.code()), expected.code.as_deref(), "{id}");
    assert_eq!(error.retryable(), expected.retryable, "{id}");
    let request_id = match expected.request_id.as_deref() {
        Some("sent") => seen.correlation_id.as_deref(),
        other => other,
    };
    assert_eq!(error.request_id(), request_id, "{id}");
    if let Error::Service(service) = &error {
        assert_eq!(error.fault(), Fault::Service, "{id}");
        assert_eq!((service.status, service.reason.as_deref()), (expected.status, expected.reason.as_deref()), "{id}");
    }
    for secret in ["AAECAwQF", "tok-1", "key&1", "key%261"] {
        assert!(!error.to_string().contains(secret) && !format!("{error:?}").contains(secret), "{id}: {error:?}");
    }
}

#[test]
fn entries_of_other_keys_are_skipped() {
    let file = file();
    let own = format!("{}/{}", file.instance, file.key);
    for (provider_id, provider_info) in [
        ("envelock-key-protect-v2", own.as_str()),
        ("aws-kms", &own),
        ("envelock-key-protect-v1", &own[1..]),
        ("envelock-key-protect-v1", &format!("{own}0")),
        ("envelock-key-protect-v1", "https://evil.example/instance/key"),
    ] {
        let header = message(provider_id, provider_info, &file.wrapped);
        let opened = file.client("bearer").open(header, &EncryptionContext::default(), &mut Fixed::counting(), NOW);
        assert_eq!(opened.err(), Some(Error::NoMatchingKek), "{provider_id} {provider_info}");
    }
}

#[test]
fn secrets_do_not_show() {
    let secret = Secret::new(b"hunter2".to_vec());
    assert_eq!(format!("{secret:?}"), "Secret(..)");
    let key = DataKey::generate(&mut Fixed::counting()).expect("key");
    assert_eq!(format!("{key:?}"), "DataKey(Secret(..))");
    let step = alone(file().client("bearer").seal(EncryptionContext::default(), None, &mut Fixed::counting(), NOW))
        .expect("step");
    assert!(!format!("{step:?}").contains("AAECAw"), "{step:?}");
}
