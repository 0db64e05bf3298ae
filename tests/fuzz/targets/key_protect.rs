//! Any answer of a key service to wrap and unwrap: no panic, a key or an error with a code, and nothing of the body in its text.

#![no_main]

mod support;

use envelock::context::EncryptionContext;
use envelock::endpoint::Endpoint;
use envelock::error::Error;
use envelock::kek::{Kek, KeyProtect};
use envelock::keys::{Edk, RootKeyRef};
use envelock::operation::{HttpResponse, Operation, Pending, Response, Step};
use envelock::secret::Secret;
use envelock::time::Timestamp;
use libfuzzer_sys::fuzz_target;

const NOW: Timestamp = Timestamp::EPOCH;
/// Stands where a key would stand in an answer.
const CANARY: &str = "Y2FuYXJ5Y2FuYXJ5";

fn answered<T>(step: Result<Step<Pending<T>>, Error>, status: u16, body: &[u8]) -> Option<Error> {
    let Ok(Step::Send(operation, _)) = step else { unreachable!("one call") };
    let reply = HttpResponse { status, correlation_id: None, retry_after: None, body: Secret::new(body.to_vec()) };
    operation.resume(Ok(Response::Http(reply)), NOW).err()
}

fuzz_target!(|input: &[u8]| {
    let Some((status, body)) = input.split_first_chunk::<2>() else { return };
    let status = if status[0] < 128 { 200 } else { u16::from_be_bytes(*status) % 1000 };
    let body = [body, CANARY.as_bytes()].concat();
    let endpoint = Endpoint::new("https://keys.example.com").expect("endpoint");
    let key = RootKeyRef::new("instance", "key").expect("names");
    let kek = KeyProtect::new(endpoint, key);
    let context = EncryptionContext::default();
    let edk = Edk {
        provider_id: "envelock-key-protect-v1".into(),
        provider_info: b"instance/key".to_vec(),
        ciphertext: b"d3JhcHBlZA==".to_vec(),
    };
    let unwrapping = kek.unwrap(&edk, &context, &mut support::Fixed(1), NOW).expect("its entry").expect("its entry");
    let wrapping = kek.wrap(&support::data_key(), &context, &mut support::Fixed(1), NOW);
    for error in [answered(Ok(unwrapping), status, &body), answered(wrapping, status, &body)].into_iter().flatten() {
        assert!(error.code().starts_with("ERR_"));
        assert!(!error.to_string().contains(CANARY), "{error}");
    }
});
