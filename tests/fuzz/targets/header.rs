//! Any bytes as a header: no panic, the same result however much of the rest is there, and no length beyond the input.

#![no_main]

use envelock::message::{Accept, Header, Limits, Parsed};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let strict = Limits::default();
    let lax = Limits { accept: Accept::EVERYTHING, ..Limits::NONE };
    for limits in [strict, lax] {
        let whole = Header::parse(input, &limits);
        if let Ok(Parsed::Incomplete(needed)) = &whole {
            assert!(*needed > input.len(), "asks for {needed} bytes and has {}", input.len());
        }
        if let Ok(Parsed::Complete(header)) = &whole {
            assert!(header.length() <= input.len());
            let exact = Header::parse(&input[..header.length()], &limits);
            assert!(matches!(exact, Ok(Parsed::Complete(_))), "the header alone is a header");
        }
        // What a front says for certain, more bytes do not change.
        for length in [input.len() / 3, input.len() / 2] {
            if let Err(early) = Header::parse(&input[..length], &limits) {
                assert_eq!(whole.as_ref().err(), Some(&early));
            }
        }
    }
});
