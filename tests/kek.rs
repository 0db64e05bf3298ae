//! Each key service call against recorded exchanges: no socket, no runtime; on the host and as wasm.

mod support;

use base64ct::{Base64, Encoding};
use envelock::auth::{ApiKey, Auth};
use envelock::client::{Authorized, Client, Config};
use envelock::context::EncryptionContext;
use envelock::endpoint::Endpoint;
use envelock::entropy::Entropy;
use envelock::error::{Error, Fault};
use envelock::kek::{Kek, KeyProtect};
use envelock::keys::{DataKey, Edk, RootKeyRef};
use envelock::message::{Draft, FrameLength, Header, Limits};
use envelock::operation::{
    Call, Handle, HttpRequest, HttpResponse, Operation, Pending, Request, Response, Step, Unreachable,
};
use envelock::secret::Secret;
use envelock::time::{Duration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use support::{Fixed, NOW, context, open, raw_aes};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

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
    serde_json::from_str(include_str!("vectors/key-protect/transcripts.json")).expect("transcripts")
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
            Call::Wait => panic!("{id}: nobody else fetches a token"),
            Call::Http(http) if exchange.ask == "identity" => self.check_identity(id, http),
            Call::Http(http) => seen.correlation_id = Some(self.check_action(id, exchange, http)),
        }
        if exchange.reply == "unreachable" {
            return Err(Unreachable);
        }
        if let Some(token) = exchange.reply.get("token") {
            return Ok(Response::Token(Secret::new(token.as_str().expect("text").into())));
        }
        let header = |name: &str| exchange.reply["headers"].get(name).cloned();
        let body = match exchange.reply.get("text") {
            Some(text) => text.as_str().expect("text").as_bytes().to_vec(),
            None => serde_json::to_vec(&exchange.reply["body"]).expect("body"),
        };
        Ok(Response::Http(HttpResponse {
            status: exchange.reply["status"].as_u64().and_then(|status| status.try_into().ok()).expect("status"),
            correlation_id: header("correlation-id").and_then(|id| id.as_str().map(str::to_owned)),
            retry_after: header("retry-after").and_then(|seconds| seconds.as_u64()).map(Duration::from_secs),
            body: Secret::new(body),
        }))
    }

    fn check_identity(&self, id: &str, http: &HttpRequest) {
        assert_eq!(http.url, "http://localhost:1/identity/token", "{id}");
        assert!(http.bearer.is_none(), "{id}");
        assert_eq!(
            str::from_utf8(http.body.expose()).expect("form"),
            "grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey&apikey=key%261",
            "{id}"
        );
    }

    /// Returns the correlation id.
    fn check_action(&self, id: &str, exchange: &Exchange, http: &HttpRequest) -> String {
        assert_eq!(http.url, format!("{ENDPOINT}/api/v2/keys/{}/actions/{}", self.key, exchange.ask), "{id}");
        let bearer = http.bearer.as_ref().map(|token| String::from_utf8_lossy(token.expose()).into_owned());
        assert_eq!(bearer, exchange.bearer, "{id}");
        let header = |name: &str| {
            http.headers.iter().find(|header| header.0 == name).map(|header| header.1.clone()).expect("header")
        };
        assert_eq!(header("bluemix-instance"), self.instance, "{id}");
        assert_eq!(header("content-type"), format!("application/vnd.ibm.kms.key_action_{}+json", exchange.ask), "{id}");
        let body: Value = serde_json::from_slice(http.body.expose()).expect("JSON");
        let data_key = Base64::encode_string(&(0..32).collect::<Vec<u8>>());
        let expected = match exchange.ask.as_str() {
            "wrap" => json!({ "plaintext": data_key, "aad": [DIGEST] }),
            _ => json!({ "ciphertext": self.wrapped, "aad": [DIGEST] }),
        };
        assert_eq!(body, expected, "{id}");
        header("correlation-id")
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

/// A header whose data key is the bytes 0 to 31 and which has this one entry.
fn header(provider_id: &str, provider_info: &str, ciphertext: &str) -> Header {
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
                    file.replay(transcript, client.seal(context(&[("tenant", "t-7")]), &mut entropy, NOW));
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
                    header("envelock-key-protect-v1", &format!("{}/{}", file.instance, file.key), &file.wrapped);
                let expected = EncryptionContext::default();
                let (result, seen) = file.replay(transcript, client.open(header, &expected, &mut entropy, NOW));
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
fn a_token_is_kept_until_four_fifths_of_its_life_are_over() {
    let file = file();
    let client = file.client("apiKey");
    let seal = |asks_identity: bool, seconds: u64| {
        let now = Timestamp::EPOCH.plus(Duration::from_secs(seconds));
        let mut step = client.seal(EncryptionContext::default(), &mut Fixed::counting(), now).expect("step");
        let mut asked = false;
        loop {
            let Step::Send(operation, request) = step else { break };
            let Call::Http(http) = &request.call else { panic!("HTTP only") };
            let body = if http.url.ends_with("/identity/token") {
                asked = true;
                json!({ "access_token": "t", "expires_in": 1000 })
            } else {
                json!({ "ciphertext": "abc" })
            };
            let body = Secret::new(serde_json::to_vec(&body).expect("body"));
            let reply = HttpResponse { status: 200, correlation_id: None, retry_after: None, body };
            step = operation.resume(Ok(Response::Http(reply)), now).expect("step");
        }
        assert_eq!(asked, asks_identity, "at {seconds} s");
    };
    seal(true, 0);
    seal(false, 799);
    seal(true, 800);
    seal(false, 801);
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
        let header = header(provider_id, provider_info, &file.wrapped);
        let opened = file.client("bearer").open(header, &EncryptionContext::default(), &mut Fixed::counting(), NOW);
        assert_eq!(opened.err(), Some(Error::NoMatchingKek), "{provider_id} {provider_info}");
    }
}

#[test]
fn of_several_entries_the_first_that_unwraps_opens() {
    let entropy = &mut Fixed::counting();
    let data_key = DataKey::generate(entropy).expect("data key");
    let plain = EncryptionContext::default();
    let own = raw_aes("ns", "name", &[7; 32]);
    let other = raw_aes("ns", "name", &[8; 32]);
    let wrap = |kek: &dyn Kek, entropy: &mut Fixed| match kek.wrap(&data_key, &plain, entropy, NOW).expect("wrapped") {
        Step::Done(mut edks) => edks.remove(0),
        Step::Send(..) => panic!("needs no calls"),
    };
    let edks = [wrap(&other, entropy), wrap(&own, entropy)];
    let draft = Draft::new(plain.clone(), FrameLength::new(16).expect("length"), entropy).expect("draft");
    let sealed = draft.seal(&data_key, &edks).expect("sealed");
    let header = || Header::parse_whole(sealed.header(), &Limits::default()).expect("header");
    let client = Client::new(Config::new(own)).expect("client");
    assert!(matches!(client.open(header(), &plain, entropy, NOW), Ok(Step::Done(_))));
    let neither = Client::new(Config::new(raw_aes("ns", "name", &[9; 32]))).expect("client");
    assert_eq!(neither.open(header(), &plain, entropy, NOW).err(), Some(Error::UnwrapFailed));
}

#[test]
fn raw_aes_matches_whole_names_only() {
    let entropy = &mut Fixed::counting();
    let data_key = DataKey::generate(entropy).expect("data key");
    let plain = EncryptionContext::default();
    let Ok(Step::Done(edks)) = raw_aes("ns", "key10", &[7; 32]).wrap(&data_key, &plain, entropy, NOW) else {
        panic!("wrapped at once")
    };
    let edk = &edks[0];
    let unwrap = |kek: &dyn Kek, edk: &Edk, context: &EncryptionContext| {
        kek.unwrap(edk, context, &mut Fixed::counting(), NOW).map(|found| found.is_some())
    };
    assert_eq!(unwrap(&raw_aes("ns", "key10", &[7; 32]), edk, &plain), Ok(true));
    assert_eq!(unwrap(&raw_aes("ns", "key1", &[7; 32]), edk, &plain), Ok(false), "a prefix");
    assert_eq!(unwrap(&raw_aes("ns", "key100", &[7; 32]), edk, &plain), Ok(false));
    assert_eq!(unwrap(&raw_aes("other", "key10", &[7; 32]), edk, &plain), Ok(false));
    assert_eq!(unwrap(&raw_aes("ns", "key10", &[8; 32]), edk, &plain), Err(Error::UnwrapFailed));
    assert_eq!(unwrap(&raw_aes("ns", "key10", &[7; 32]), edk, &context(&[("a", "b")])), Err(Error::UnwrapFailed));
    for length in [16, 24] {
        let kek = raw_aes("ns", "key10", &vec![7; length]);
        let Ok(Step::Done(edks)) = kek.wrap(&data_key, &plain, entropy, NOW) else { panic!("wrapped at once") };
        assert_eq!(unwrap(&kek, &edks[0], &plain), Ok(true), "{length}-byte KEK");
    }
}

#[test]
fn arguments_are_parsed_once_and_refused_with_words() {
    for address in [
        "keys.example.com",
        "ftp://keys.example.com",
        "http://keys.example.com",
        "http://localhost.example.com",
        "http://127.0.0.1@example.com/",
        "https://",
        "https://user@keys.example.com",
        "https://keys.example.com?x=1",
        "https://keys.example.com/#f",
        "https://keys.example.com/a b",
    ] {
        assert_eq!(Endpoint::new(address).map_err(|error| error.code()), Err("ERR_INVALID_ARGUMENT"), "{address}");
    }
    for address in ["https://keys.example.com", "http://localhost:8080/", "http://127.0.0.1", "http://[::1]:80"] {
        assert!(Endpoint::new(address).is_ok(), "{address}");
    }
    let ibm = Endpoint::new("https://us-south.kms.cloud.ibm.com").expect("endpoint");
    assert_eq!(ibm.identity().as_str(), "https://iam.cloud.ibm.com");
    let with_port = Endpoint::new("https://us-south.kms.cloud.ibm.com:443/x").expect("endpoint");
    assert_eq!(with_port.identity().as_str(), "https://iam.cloud.ibm.com");
    let own = Endpoint::new("https://keys.example.com/").expect("endpoint");
    assert_eq!(own.identity().as_str(), "https://keys.example.com");
    for name in ["", "a/b", "a b", "..", "é", "a?b"] {
        assert!(RootKeyRef::new("instance", name).is_err(), "{name}");
        assert!(RootKeyRef::new(name, "key").is_err(), "{name}");
    }
    assert!(EncryptionContext::new([("aws-crypto-x".to_owned(), String::new())]).is_err());
    assert!(EncryptionContext::new([("k".to_owned(), "v".repeat(65_528))]).is_ok());
    assert!(EncryptionContext::new([("k".to_owned(), "v".repeat(65_529))]).is_err());
    assert!(FrameLength::new(0).is_err());
}

#[test]
fn secrets_do_not_show() {
    let secret = Secret::new(b"hunter2".to_vec());
    assert_eq!(format!("{secret:?}"), "Secret(..)");
    let key = DataKey::generate(&mut Fixed::counting()).expect("key");
    assert_eq!(format!("{key:?}"), "DataKey(Secret(..))");
    let step = file().client("bearer").seal(EncryptionContext::default(), &mut Fixed::counting(), NOW).expect("step");
    assert!(!format!("{step:?}").contains("AAECAw"), "{step:?}");
}

/// Randomness that fails.
struct NoEntropy;

impl Entropy for NoEntropy {
    fn fill(&mut self, _: &mut [u8]) -> Result<(), Error> {
        Err(Error::Internal("no randomness"))
    }
}

#[test]
fn without_randomness_nothing_is_sealed() {
    let client = Client::new(Config::new(raw_aes("ns", "name", &[7; 32]))).expect("client");
    let sealed = client.seal(EncryptionContext::default(), &mut NoEntropy, NOW);
    assert_eq!(sealed.err(), Some(Error::Internal("no randomness")));
    assert!(open(b"", &raw_aes("ns", "name", &[7; 32]), &Limits::default(), 1).result.is_err());
}
