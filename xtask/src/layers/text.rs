//! What holds for each file by itself: its length, what it says it never does, whom a script imports.
//!
//! *Invariant:* works on text alone; knows no module structure.

use super::{Source, scan};
use anyhow::{Context, Result};

/// No file is longer.
const LONGEST: usize = 500;
/// Half the files of a crate are no longer.
const MEDIAN: usize = 150;
/// The packed package, which may be imported from where it was assembled.
const PACKAGE: &str = "/target/npm/envelock/";

/// Rust sources of one crate: length, opening words, no unsafe code.
pub(super) fn rust(sources: &[Source]) -> Result<Vec<String>> {
    let mut wrong = length(sources);
    for source in sources {
        wrong.extend(opening(source));
        for line in scan::word(&source.text, "unsafe").with_context(|| source.name.clone())? {
            wrong.push(format!("{}:{line}: hand-written unsafe", source.name));
        }
        if !source.name.starts_with("src/bindings/") {
            let [allow, lint] = ["allow", "unsafe_code"].map(|word| scan::word(&source.text, word));
            let lint = lint?;
            for line in allow?.into_iter().filter(|line| lint.contains(line)) {
                wrong.push(format!("{}:{line}: allows unsafe code; only macros in src/bindings may", source.name));
            }
        }
    }
    Ok(wrong)
}

/// Files that are too long, and crates whose typical file is.
pub(super) fn length(sources: &[Source]) -> Vec<String> {
    let mut lengths: Vec<usize> = sources.iter().map(|source| source.text.lines().count()).collect();
    let too_long = sources.iter().zip(&lengths).filter(|(_, lines)| **lines > LONGEST);
    let mut wrong: Vec<String> = too_long
        .map(|(source, lines)| format!("{}: {lines} lines; no file has more than {LONGEST}", source.name))
        .collect();
    lengths.sort_unstable();
    if let Some(median) = lengths.get(lengths.len() / 2).filter(|median| **median > MEDIAN) {
        wrong.push(format!("{} and its like: the median file has {median} lines, more than {MEDIAN}", sources[0].name));
    }
    wrong
}

/// A module opens with a sentence and says what it never does; a crate's root opens with a sentence.
fn opening(source: &Source) -> Option<String> {
    let docs: Vec<&str> = source.text.lines().map_while(|line| line.strip_prefix("//!")).collect();
    if docs.is_empty() {
        return Some(format!("{}: does not open with a module doc", source.name));
    }
    let is_root = source.name.ends_with("/lib.rs");
    let says_never = docs.iter().any(|line| line.trim_start().starts_with("*Invariant:*"));
    (!is_root && !says_never).then(|| format!("{}: its module doc has no *Invariant:* line", source.name))
}

/// Scripts of a folder that import from outside it by a relative path; the packed package has a name.
pub(super) fn specifiers(folder: &str, sources: &[Source]) -> Vec<String> {
    let mut wrong = Vec::new();
    for source in sources {
        let depth = source.name.trim_start_matches(folder).matches('/').count();
        for (index, line) in source.text.lines().enumerate() {
            let outside = |path: &&str| path.split('/').take_while(|part| *part == "..").count() >= depth;
            let escapes = imported(line).filter(outside).filter(|path| !path.contains(PACKAGE));
            wrong.extend(escapes.map(|path| {
                format!("{}:{}: imports {path}, outside {folder}/; use the packed package", source.name, index + 1)
            }));
        }
    }
    wrong
}

/// The module that a line imports, if it does.
fn imported(line: &str) -> Option<&str> {
    let after = ["from ", "import(", "import "].iter().find_map(|word| Some(line.split_once(word)?.1.trim_start()))?;
    let quote = after.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    after[1..].split_once(quote).map(|(path, _)| path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: &str, text: &str) -> Source {
        Source { name: name.to_owned(), text: text.to_owned() }
    }

    const OPENING: &str = "//! What.\n//!\n//! *Invariant:* never that.\n";

    #[test]
    fn a_good_file_passes() {
        assert!(rust(&[source("src/a.rs", OPENING)]).expect("Rust").is_empty());
        assert!(rust(&[source("src/lib.rs", "//! The crate.\n")]).expect("Rust").is_empty());
    }

    #[test]
    fn missing_words_long_files_and_unsafe_code_are_found() {
        assert_eq!(rust(&[source("src/a.rs", "fn f() {}\n")]).expect("Rust").len(), 1);
        assert_eq!(rust(&[source("src/a.rs", "//! What.\n")]).expect("Rust").len(), 1);
        assert_eq!(rust(&[source("src/a.rs", &format!("{OPENING}fn f() {{ unsafe {{}} }}"))]).expect("Rust").len(), 1);
        let allow = format!("{OPENING}#![allow(unsafe_code)]");
        assert_eq!(rust(&[source("src/a.rs", &allow)]).expect("Rust").len(), 1);
        assert!(rust(&[source("src/bindings/mod.rs", &allow)]).expect("Rust").is_empty());
        let long = "\n".repeat(501);
        assert_eq!(length(&[source("a.ts", &long), source("b.ts", ""), source("c.ts", "")]).len(), 1);
        assert_eq!(length(&[source("a.ts", &"\n".repeat(151))]).len(), 1);
    }

    #[test]
    fn scripts_stay_in_their_folder() {
        let text = "import a from \"../api\";\nimport { b } from 'envelock';\nconst c = await import(\"./c.js\");";
        assert!(specifiers("www", &[source("www/src/views/a.ts", text)]).is_empty());
        let text = "import { x } from \"../../../src/glue.js\";";
        assert_eq!(specifiers("www", &[source("www/src/views/a.ts", text)]).len(), 1);
        assert_eq!(
            specifiers("tests", &[source("tests/runtimes/a.test.mjs", "import '../../pkg-config/x.js'")]).len(),
            1
        );
    }
}
