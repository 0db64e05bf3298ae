//! Gives what the module imports from its glue short names: the generator's own, with a digest in each, are about 2 kB
//! of what a browser loads.
//!
//! *Invariant:* module and glue change together, and only in names that the two have with each other.

use anyhow::{Context, Result, bail, ensure};

/// From where the module imports what the glue exports.
const GLUE: &[u8] = b"./envelock_bg.js";
const MAGIC_AND_VERSION: usize = 8;
const IMPORTS: u8 = 2;
const FUNCTION: u8 = 0;

/// The module and its glue with short names.
pub(crate) fn imports(module: &[u8], glue: &str) -> Result<(Vec<u8>, String)> {
    let mut rest = Reader(module);
    let mut shorter = rest.take(MAGIC_AND_VERSION)?.to_vec();
    let mut glue = glue.to_owned();
    while !rest.0.is_empty() {
        let id = rest.take(1)?[0];
        let content = rest.bytes()?;
        shorter.push(id);
        match id {
            IMPORTS => put_bytes(&mut shorter, &section(content, &mut glue)?),
            _ => put_bytes(&mut shorter, content),
        }
    }
    Ok((shorter, glue))
}

fn section(content: &[u8], glue: &mut String) -> Result<Vec<u8>> {
    let mut rest = Reader(content);
    let mut shorter = Vec::new();
    let count = rest.number()?;
    put_number(&mut shorter, count);
    for at in 0..count {
        let (from, name) = (rest.bytes()?, rest.bytes()?);
        ensure!(rest.take(1)? == [FUNCTION], "an import is no function");
        let kind = rest.number()?;
        put_bytes(&mut shorter, from);
        if from == GLUE {
            let short = format!("i{at}");
            *glue = renamed(glue, std::str::from_utf8(name)?, &short)?;
            put_bytes(&mut shorter, short.as_bytes());
        } else {
            put_bytes(&mut shorter, name);
        }
        shorter.push(FUNCTION);
        put_number(&mut shorter, kind);
    }
    Ok(shorter)
}

/// The glue with one of its exports under another name.
fn renamed(glue: &str, name: &str, short: &str) -> Result<String> {
    let export = |name: &str| format!("export function {name}(");
    ensure!(glue.matches(&export(name)).count() == 1, "the glue does not export {name} as a function");
    ensure!(!glue.contains(&export(short)), "the glue has a {short} already");
    Ok(glue.replace(&export(name), &export(short)))
}

/// Reads a module's encoding from the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length).context("the module ends too early")?;
        self.0 = rest;
        Ok(taken)
    }

    /// An unsigned number in LEB128.
    fn number(&mut self) -> Result<u32> {
        let mut number = 0;
        for shift in (0..u32::BITS).step_by(7) {
            let byte = self.take(1)?[0];
            number |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        bail!("a number in the module is too long")
    }

    /// Bytes behind their length.
    fn bytes(&mut self) -> Result<&'a [u8]> {
        let length = self.number()?;
        self.take(length as usize)
    }
}

fn put_number(out: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_number(out, bytes.len() as u32);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module that imports one function of type 0 under this name, and has an empty section after.
    fn module(from: &[u8], name: &[u8]) -> Vec<u8> {
        let mut imports = vec![1];
        put_bytes(&mut imports, from);
        put_bytes(&mut imports, name);
        imports.extend([FUNCTION, 0]);
        let mut module = b"\0asm\x01\0\0\0\x02".to_vec();
        put_bytes(&mut module, &imports);
        module.extend([3, 0]);
        module
    }

    #[test]
    fn an_import_gets_its_short_name_in_module_and_glue() {
        let long = [b'x'; 200];
        let glue = format!("export function {}(a) {{}}", std::str::from_utf8(&long).expect("ASCII"));
        let (shorter, glue) = imports(&module(GLUE, &long), &glue).expect("a module");
        assert_eq!((shorter, glue.as_str()), (module(GLUE, b"i0"), "export function i0(a) {}"));
    }

    #[test]
    fn imports_from_elsewhere_stay() {
        let module = module(b"elsewhere", b"name");
        assert_eq!(imports(&module, "").expect("a module"), (module, String::new()));
    }

    #[test]
    fn what_the_glue_does_not_export_is_refused() {
        assert!(imports(&module(GLUE, b"name"), "function name() {}").is_err());
        assert!(imports(&module(GLUE, b"name"), "export function name() {}; export function i0() {}").is_err());
        assert!(imports(&module(GLUE, b"name")[..20], "export function name() {}").is_err());
    }
}
