//! The layers of both crates, as tables.
//!
//! *Invariant:* a module that is not in the table has no place, and is reported.

/// The layers of a crate.
pub(super) struct Layers {
    /// Its sources, from the root of the checkout.
    pub(super) folder: &'static str,
    /// From the top down. Modules of one row do not know each other; each may import from the rows below.
    pub(super) rows: &'static [&'static [&'static str]],
    /// Things that only the modules named may touch: a crate, or a path inside this one.
    pub(super) only: &'static [Only],
}

/// Who may name something.
pub(super) struct Only {
    pub(super) what: &'static str,
    /// Modules, with everything inside them; the empty path stands for `main.rs` and `lib.rs`.
    pub(super) by: &'static [&'static str],
    pub(super) why: &'static str,
}

/// The client crate.
pub(super) const CLIENT: Layers = Layers {
    folder: "src",
    rows: &[
        &["bindings"],
        &["client"],
        &["message", "kek", "auth", "record", "cache"],
        &["keys", "context", "crypto", "operation"],
        &["codec", "endpoint", "entropy", "flight", "json", "meter", "secret", "time"],
        &["error"],
    ],
    only: &[
        Only { what: "js_sys", by: &["bindings"], why: "the core knows no JavaScript" },
        Only { what: "web_sys", by: &["bindings"], why: "the core knows no JavaScript" },
        Only { what: "wasm_bindgen", by: &["bindings"], why: "the core knows no JavaScript" },
        Only { what: "wasm_bindgen_futures", by: &["bindings"], why: "the core never waits" },
        Only { what: "getrandom", by: &["bindings"], why: "the core has no random source" },
        Only { what: "std", by: &[], why: "the module has no standard library, and the core no clock and no socket" },
        Only {
            what: "crate::crypto::gcm::Gcm",
            by: &["message::engine", "kek::raw_aes"],
            why: "engines encrypt frames and tag headers, raw AES wraps keys; nobody else encrypts",
        },
        Only { what: "envelock_primitives", by: &["crypto"], why: "ciphers are used through crypto/" },
        Only { what: "crate::crypto::key_wrap", by: &["kek::local"], why: "nobody else wraps keys by AES-KW" },
        Only { what: "aes_kw", by: &["crypto::key_wrap"], why: "key wrap is used through crypto/key_wrap.rs" },
    ],
};

/// The key server.
pub(super) const KEYSERVER: Layers = Layers {
    folder: "keyserver/src",
    rows: &[
        &["commands"],
        &["server"],
        &["routes", "maintenance"],
        &["service"],
        &["state"],
        &["store", "crypto"],
        &["audit"],
        &["iam"],
        &["readiness"],
        &["keys", "config", "limits"],
        &["cache", "error", "metrics", "spans"],
    ],
    only: &[
        Only { what: "axum", by: &["", "server", "routes"], why: "the domain does not know HTTP" },
        Only {
            what: "tokio_postgres",
            by: &["store::db", "config::address"],
            why: "nothing above store/db/ knows which database there is; an address is read where options are",
        },
        Only { what: "rusqlite", by: &["store::db"], why: "nothing above store/db/ knows which database there is" },
        Only {
            what: "rustls",
            by: &["server", "store::db::postgres"],
            why: "TLS ends where connections are accepted, and begins where the database is reached",
        },
        Only { what: "prometheus_client", by: &["metrics"], why: "what is counted has one place" },
        Only { what: "aes_gcm", by: &["crypto"], why: "ciphers are used through crypto/" },
        Only {
            what: "crate::iam::own_service",
            by: &["service::root_key"],
            why: "only the services of this very process act on keys without a token",
        },
    ],
};

impl Layers {
    /// The row of a top module, counted from the top.
    pub(super) fn row(&self, module: &str) -> Option<usize> {
        self.rows.iter().position(|row| row.contains(&module))
    }

    /// Why a module may not name something inside the crate, if it may not.
    pub(super) fn objection(&self, from: &[String], to: &[String]) -> Option<String> {
        let (from, to) = (from.first()?, to.first()?);
        if from == to {
            return None;
        }
        let Some(below) = self.row(to) else {
            return Some(format!("`crate::{to}` has no layer; name the module that has it, or add it to the table"));
        };
        let above = self.row(from)?;
        (below <= above).then(|| format!("{from} may not import {to}: imports only point down"))
    }
}

impl Only {
    /// May this module name it?
    pub(super) fn allows(&self, module: &str) -> bool {
        self.by.iter().any(|by| match module.strip_prefix(by) {
            Some(rest) => rest.is_empty() || (!by.is_empty() && rest.starts_with("::")),
            None => false,
        })
    }
}
