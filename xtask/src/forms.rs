//! Writes down the finished module in two more forms: as text that a script can carry, and as its hash.
//!
//! *Invariant:* both are made from the very file that ships.

use crate::{
    run::Cx,
    stamp::{Inputs, when_changed},
    wasm,
};
use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use std::{fs, path::Path};

/// Brings both up to date in `wasm/` of the npm package. The module has to be finished before.
pub(crate) fn build(cx: &Cx) -> Result<()> {
    let out = wasm::output(&cx.project);
    let module = out.join("envelock_bg.wasm");
    let inputs = Inputs::new(cx).file(&module)?.tree("xtask/src/forms.rs", &[])?;
    when_changed(cx, "forms", inputs, &[&out.join("embedded.js"), &out.join("sha256.js")], || {
        let bytes = fs::read(&module)?;
        constant(&out, "embedded", "base64", &base64(&bytes), "The module, as base64.")?;
        constant(&out, "sha256", "sha256", &sha256(&bytes), "SHA-256 of the module, in lower-case hexadecimal.")
    })?;
    Ok(())
}

/// A script that holds one text, with its types.
fn constant(folder: &Path, file: &str, name: &str, value: &str, about: &str) -> Result<()> {
    let script = format!("export const {name} = \"{value}\";\n");
    let types = format!("/** {about} */\nexport const {name}: string;\n");
    for (ending, text) in [("js", script), ("d.ts", types)] {
        let path = folder.join(format!("{file}.{ending}"));
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// SHA-256 in lower-case hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = (0..3).fold(0, |group, at| group << 8 | u32::from(chunk.get(at).copied().unwrap_or(0)));
        for at in 0..4 {
            let digit = DIGITS[(group >> (18 - 6 * at)) as usize & 63];
            text.push(if at <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        let cases =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("\u{7ff}?", "378/")];
        for (text, expected) in cases {
            assert_eq!(base64(text.as_bytes()), expected);
        }
    }

    #[test]
    fn sha256_is_that_of_fips_180() {
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
