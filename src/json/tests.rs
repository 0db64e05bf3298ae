//! The reader against the reader that everybody uses.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::Json;

/// What both readers make of a text must be the same.
fn agree(text: &str) {
    let theirs = serde_json::from_str::<Value>(text);
    let ours = Json::parse(text.as_bytes());
    assert_eq!(ours.is_some(), theirs.is_ok(), "{text:?}: {theirs:?}");
    if let (Some(ours), Ok(theirs)) = (ours, theirs) {
        same(ours, &theirs);
    }
}

fn same(ours: Json<'_>, theirs: &Value) {
    assert_eq!(ours.text().map(|text| text.to_string()).as_deref(), theirs.as_str(), "{theirs}");
    assert_eq!(ours.first().is_some(), theirs.get(0).is_some(), "{theirs}");
    if let (Some(ours), Some(theirs)) = (ours.first(), theirs.get(0)) {
        same(ours, theirs);
    }
    for (name, value) in theirs.as_object().into_iter().flatten() {
        same(ours.get(name).unwrap(), value);
    }
    if let Some(number) = ours.number() {
        assert_eq!(Some(number), theirs.as_u64());
    }
}

#[test]
fn well_formed_texts_are_read_as_others_read_them() {
    for text in [
        "{}",
        " [ ] ",
        "\t{\"a\" : 1 ,\r\n\"b\":[true,false,null]}",
        "\"\"",
        "0",
        "-0",
        "12",
        "1.5e+3",
        "-1E-2",
        r#""\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00é😀""#,
        r#"{"\u0061":1}"#,
        r#"{"a":1,"a":2}"#,
        r#"{"":{"":[[]]}}"#,
        "18446744073709551615",
        "18446744073709551616",
    ] {
        agree(text);
        assert!(Json::parse(text.as_bytes()).is_some(), "{text:?}");
    }
    assert_eq!(Json::parse(b"18446744073709551615").unwrap().number(), Some(u64::MAX));
    assert_eq!(Json::parse(b"-1").unwrap().number(), None);
    assert_eq!(Json::parse(b"1.0").unwrap().number(), None);
    assert!(Json::parse(br#"{"ab":1}"#).unwrap().get("a").is_none());
    assert!(Json::parse(br#"{"a":1}"#).unwrap().get("ab").is_none());
}

#[test]
fn anything_else_is_refused() {
    for text in [
        "",
        " ",
        "{",
        "[",
        "\"",
        "{]",
        "[}",
        "[1,]",
        "{\"a\":1,}",
        "{\"a\"}",
        "{a:1}",
        "{\"a\":}",
        "[1 2]",
        "01",
        "+1",
        "1.",
        ".5",
        "1e",
        "--1",
        "tru",
        "nulll",
        "{} {}",
        "\"\n\"",
        r#""\x""#,
        r#""\u12""#,
        r#""\ud800""#,
        r#""\ud800\u0041""#,
        r#""\udc00""#,
        r#""\"#,
        "\u{feff}{}",
        "[1]x",
        "'a'",
        "NaN",
        "\u{a0}1",
    ] {
        agree(text);
        assert!(Json::parse(text.as_bytes()).is_none(), "{text:?}");
    }
    assert!(Json::parse(b"\"\xff\"").is_none(), "not UTF-8");
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(Json::parse(nested(32).as_bytes()).is_some());
    assert!(Json::parse(nested(33).as_bytes()).is_none());
    assert!(Json::parse("[".repeat(60_000).as_bytes()).is_none());
}

#[test]
fn every_cut_and_every_changed_byte_is_read_as_others_read_it() {
    let text = json!({ "a\"b": [1, -2.5e3, "x\\y\u{1}é😀", { "c": null }], "d": { "e": [true, [false]] } }).to_string();
    let bytes = text.as_bytes();
    for at in 0..bytes.len() {
        for byte in [b'"', b'\\', b'{', b'}', b',', b'0', b'u', b' ', 0x1f, 0xff] {
            let mut changed = bytes.to_vec();
            changed[at] = byte;
            if let Ok(changed) = str::from_utf8(&changed) {
                agree(changed);
            }
        }
        if let Ok(cut) = str::from_utf8(&bytes[..at]) {
            agree(cut);
        }
    }
}
