//! Finds every path that a Rust source names, from its tokens.
//!
//! *Invariant:* comments and strings are never taken for code, and unit tests, which may look anywhere, are left out.

use anyhow::{Result, anyhow};
use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};

/// A path that is named somewhere.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) path: Vec<String>,
    /// It begins at the root of this crate; otherwise its first word may be another crate.
    pub(super) local: bool,
    pub(super) line: usize,
}

/// All paths named in a source whose own module path is given; relative ones are made absolute.
pub(super) fn paths(source: &str, module: &[String]) -> Result<Vec<Named>> {
    let tokens: TokenStream = source.parse().map_err(|error| anyhow!("not Rust: {error}"))?;
    let mut scan = Scan { found: Vec::new() };
    scan.stream(tokens, module);
    Ok(scan.found)
}

/// Every line on which the source says this word, as code.
pub(super) fn word(source: &str, word: &str) -> Result<Vec<usize>> {
    fn walk(tokens: TokenStream, word: &str, lines: &mut Vec<usize>) {
        for token in tokens {
            match token {
                TokenTree::Ident(ident) if ident == word => lines.push(line(ident.span())),
                TokenTree::Group(group) => walk(group.stream(), word, lines),
                _ => {}
            }
        }
    }
    let mut lines = Vec::new();
    walk(source.parse().map_err(|error| anyhow!("not Rust: {error}"))?, word, &mut lines);
    Ok(lines)
}

struct Scan {
    found: Vec<Named>,
}

impl Scan {
    fn stream(&mut self, tokens: TokenStream, module: &[String]) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            if is_test_attribute(&tokens[at..]) {
                at += 2 + item_length(&tokens[at + 2..]);
            } else if let Some((name, body)) = inline_module(&tokens[at..]) {
                self.stream(body, &[module, &[name]].concat());
                at += 3;
            } else if let TokenTree::Ident(ident) = &tokens[at] {
                at += self.path(&ident.to_string(), &tokens[at..], module);
            } else {
                if let TokenTree::Group(group) = &tokens[at] {
                    self.stream(group.stream(), module);
                }
                at += 1;
            }
        }
    }

    /// Takes a path that may begin here; returns how many tokens were looked at.
    fn path(&mut self, head: &str, tokens: &[TokenTree], module: &[String]) -> usize {
        if !colons(tokens, 1) {
            return 1;
        }
        let (start, local) = match head {
            "crate" => (Vec::new(), true),
            "self" => (module.to_vec(), true),
            "super" => (parent(module), true),
            other => (vec![other.to_owned()], false),
        };
        3 + self.rest(start, local, &tokens[3..], line(tokens[0].span()))
    }

    /// What follows a `::`; records the path or, at a brace, each path in it.
    fn rest(&mut self, mut path: Vec<String>, local: bool, tokens: &[TokenTree], line: usize) -> usize {
        match tokens.first() {
            Some(TokenTree::Ident(ident)) => {
                if ident == "super" && local {
                    path = parent(&path);
                } else {
                    path.push(ident.to_string());
                }
                if colons(tokens, 1) {
                    return 3 + self.rest(path, local, &tokens[3..], line);
                }
                self.found.push(Named { path, local, line });
                1
            }
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                for one in inner.split(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',')) {
                    if let Some(first) = one.first() {
                        self.rest(path.clone(), local, one, first.span().start().line);
                    }
                }
                1
            }
            // `*` or the `<` of a generic argument; the latter's contents are walked by the caller.
            _ => {
                self.found.push(Named { path, local, line });
                0
            }
        }
    }
}

fn parent(module: &[String]) -> Vec<String> {
    module[..module.len().saturating_sub(1)].to_vec()
}

fn line(span: Span) -> usize {
    span.start().line
}

fn colons(tokens: &[TokenTree], at: usize) -> bool {
    let colon = |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
    colon(tokens.get(at)) && colon(tokens.get(at + 1))
}

/// `#` followed by `[cfg(test)]`, or a longer condition that begins with it.
fn is_test_attribute(tokens: &[TokenTree]) -> bool {
    let [TokenTree::Punct(hash), TokenTree::Group(group), ..] = tokens else { return false };
    hash.as_char() == '#' && group.stream().to_string().replace(' ', "").starts_with("cfg(test")
}

/// How many tokens the item has that begins here: up to its body or its semicolon.
fn item_length(tokens: &[TokenTree]) -> usize {
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        _ => false,
    };
    tokens.iter().position(ends).map_or(tokens.len(), |position| position + 1)
}

fn inline_module(tokens: &[TokenTree]) -> Option<(String, TokenStream)> {
    match tokens {
        [TokenTree::Ident(word), TokenTree::Ident(name), TokenTree::Group(body), ..] if word == "mod" => {
            Some((name.to_string(), body.stream()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str) -> Vec<String> {
        let module = ["message".to_owned(), "seal".to_owned()];
        let named = paths(source, &module).expect("Rust");
        named.iter().map(|n| format!("{}{}", if n.local { "::" } else { "" }, n.path.join("::"))).collect()
    }

    #[test]
    fn groups_are_spread_out_and_relative_paths_made_absolute() {
        let source = "use crate::{error::Error, kek::{Kek, raw_aes::RawAes as R}}; use super::{header, engine::*};";
        let expected =
            ["::error::Error", "::kek::Kek", "::kek::raw_aes::RawAes", "::message::header", "::message::engine"];
        assert_eq!(found(source), expected);
        assert_eq!(found("use super::super::client::Client;"), ["::client::Client"]);
    }

    #[test]
    fn paths_in_expressions_macros_and_inner_modules_count() {
        assert_eq!(found("fn f() { g(vec![crate::kek::X]) }"), ["::kek::X"]);
        assert_eq!(found("mod inner { use super::super::edk; }"), ["::message::edk"]);
        assert_eq!(found("fn f(x: axum::Json<crate::client::C>) {}"), ["axum::Json", "::client::C"]);
    }

    #[test]
    fn comments_strings_visibility_and_tests_do_not_count() {
        assert!(found("// crate::kek::X\npub(crate) const A: &str = \"crate::kek::X\";").is_empty());
        assert!(found("#[cfg(test)]\nmod tests { use crate::kek::X; }").is_empty());
        assert!(found("#[cfg(test)]\nmod tests;").is_empty());
    }

    #[test]
    fn words_are_found_in_code_only() {
        assert_eq!(word("// unsafe\nfn f() {\n  unsafe { g() }\n}", "unsafe").expect("Rust"), [3]);
    }
}
