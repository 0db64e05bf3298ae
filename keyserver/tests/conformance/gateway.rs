//! Stories told to a gateway instead of a server that holds its keys itself: nobody notices.

use std::thread;

use crate::{
    chain::Chain,
    stories::{listen, tellings},
};

/// What is made of keys in these passes through the upstream; the others are about this server alone.
#[test]
fn keys_behind_a_gateway() {
    for name in ["step_2_create_a_root_key", "step_2_import_a_root_key", "rotating_keys", "what_live_tests_expect"] {
        let chain = Chain::start();
        let told: Vec<_> = tellings(name).collect();
        assert!(!told.is_empty(), "there is no story {name}");
        thread::scope(|scope| {
            for (file, story) in told {
                let chain = &chain;
                scope.spawn(move || {
                    let output = listen(&chain.gateway, story);
                    assert!(output.status.success(), "{file}:\n{}", String::from_utf8_lossy(&output.stderr));
                });
            }
        });
        assert!(chain.gateway.stop().0.success());
    }
}
