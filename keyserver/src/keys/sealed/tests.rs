//! The reader against messages that other people's programs made.

use base64ct::{Base64, Encoding};
use serde_json::Value;

use super::*;

fn messages() -> Vec<(String, Vec<u8>)> {
    let text = include_str!("../../../../tests/vectors/message/esdk-v2.json");
    let file: Value = serde_json::from_str(text).expect("JSON");
    let vectors = file["vectors"].as_array().expect("a list");
    let message = |vector: &Value| {
        let id = vector["id"].as_str().expect("an id").to_owned();
        let base64 = vector["message_b64"].as_str().expect("text");
        (id, Base64::decode_vec(base64).expect("base64"))
    };
    vectors.iter().map(message).collect()
}

/// The header's keys, if the message is whole; pieces of `size` bytes.
fn follow(message: &[u8], size: usize) -> Result<Vec<WrappedFor>, Error> {
    let mut reader = SealedMessage::new();
    let mut keys = None;
    for piece in message.chunks(size) {
        if let Some(found) = reader.push(piece)? {
            assert!(keys.replace(found).is_none(), "told twice");
        }
    }
    reader.finish()?;
    Ok(keys.expect("a whole message has a header"))
}

#[test]
fn whole_messages_are_followed_in_pieces_of_any_size() {
    let messages = messages();
    assert!(messages.len() >= 12);
    for (id, message) in messages {
        let whole = follow(&message, message.len()).unwrap_or_else(|error| panic!("{id}: {error}"));
        assert!(!whole.is_empty(), "{id}");
        for size in [1, 7, 64, 1000] {
            assert_eq!(follow(&message, size).expect("the same message"), whole, "{id} in pieces of {size}");
        }
    }
}

#[test]
fn a_message_that_is_cut_or_goes_on_is_refused() {
    for (id, message) in messages().into_iter().filter(|(_, message)| message.len() < 4000) {
        for end in 0..message.len() {
            assert!(follow(&message[..end], 512).is_err(), "{id} cut at {end}");
        }
        let longer = [&message[..], &[0]].concat();
        assert!(matches!(follow(&longer, 512), Err(Error::MessageDamaged(_))), "{id} with a byte more");
    }
}

#[test]
fn a_header_that_announces_a_crowd_of_keys_is_refused_before_they_arrive() {
    let header = |count: u16| {
        let mut header = vec![2, 0x04, 0x78];
        header.extend([0; MESSAGE_ID_BYTES + 2]);
        header.extend(count.to_be_bytes());
        SealedMessage::new().push(&header)
    };
    assert!(matches!(header(100), Ok(None)));
    assert!(matches!(header(101), Err(Error::NotSealed(_))));
}

#[test]
fn what_is_not_sealed_is_told_from_its_first_bytes() {
    let text = b"name,email,card\nAda,ada@example.com,4111".repeat(100);
    let mut reader = SealedMessage::new();
    assert!(matches!(reader.push(&text[..1]), Err(Error::NotSealed(_))), "at the first byte");
    let (_, message) = messages().swap_remove(0);
    let base64 = Base64::encode_string(&message);
    assert!(matches!(follow(base64.as_bytes(), 512), Err(Error::NotSealed(_))), "a message as text");
    for (at, value) in [(0, 1), (1, 0), (2, 0x77)] {
        let mut other = message.clone();
        other[at] = value;
        assert!(matches!(follow(&other, 512), Err(Error::NotSealed(_))), "byte {at}");
    }
    assert!(matches!(follow(b"", 1), Err(Error::NotSealed(_))));
}

#[test]
fn a_header_without_end_is_not_kept() {
    let mut reader = SealedMessage::new();
    let mut start = vec![2, 4, 0x78];
    start.extend([0; 32]);
    start.extend([0, 0]);
    start.extend([0xff, 0xff]);
    let entry = [&[0, 1, b'p'][..], &[0, 1, b'i'], &[0xff, 0xff], &[0; 65535]].concat();
    let mut pushed = reader.push(&start);
    for _ in 0..8 {
        if pushed.is_err() {
            break;
        }
        pushed = reader.push(&entry);
    }
    assert!(matches!(pushed, Err(Error::NotSealed(_))));
    assert!(reader.pending.len() <= MAX_HEADER_BYTES + 1);
}
