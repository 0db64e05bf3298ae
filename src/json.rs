//! Reading of JSON texts (RFC 8259), as far as the answers of services need it.
//!
//! *Invariant:* never panics, nests no deeper than [`DEEPEST`], and copies nothing but a text that is asked for, which
//! is wiped on drop: answers hold data keys and tokens.

use alloc::string::String;

use zeroize::Zeroizing;

/// Objects and arrays inside each other; answers have four.
const DEEPEST: usize = 32;

/// A well-formed value, as it stands in the text.
#[derive(Clone, Copy)]
pub(crate) struct Json<'a>(&'a str);

impl<'a> Json<'a> {
    /// The value that is the whole text; `None` if it is not JSON.
    pub(crate) fn parse(text: &'a [u8]) -> Option<Self> {
        let mut scanner = Scanner { rest: str::from_utf8(text).ok()? };
        scanner.space();
        let value = scanner.value(DEEPEST)?;
        scanner.rest.is_empty().then_some(value)
    }

    /// The member of this name, the last if there are several; `None` if there is none or this is no object.
    pub(crate) fn get(self, name: &str) -> Option<Self> {
        let mut found = None;
        if self.0.starts_with('{') {
            self.visit(&mut |raw, value| {
                let mut expected = name.chars();
                let mut same = true;
                _ = unescape(raw, &mut |char| same &= expected.next() == Some(char));
                if same && expected.next().is_none() {
                    found = Some(value);
                }
            });
        }
        found
    }

    /// The first item; `None` if there is none or this is no array.
    pub(crate) fn first(self) -> Option<Self> {
        let mut first = None;
        if self.0.starts_with('[') {
            self.visit(&mut |_, value| first = first.or(Some(value)));
        }
        first
    }

    /// The text of a string; `None` for anything else.
    pub(crate) fn text(self) -> Option<Zeroizing<String>> {
        let raw = self.0.strip_prefix('"')?.strip_suffix('"')?;
        // No text is longer than its escaped form, so this does not move and leave copies.
        let mut text = Zeroizing::new(String::with_capacity(raw.len()));
        unescape(raw, &mut |char| text.push(char))?;
        Some(text)
    }

    /// A whole number written without fraction or exponent; `None` for anything else.
    pub(crate) fn number(self) -> Option<u64> {
        // `parse` would take a sign, which JSON's grammar does not.
        self.0.parse().ok().filter(|_| !self.0.starts_with('+'))
    }

    fn visit(self, visit: &mut dyn FnMut(&'a str, Self)) {
        // The text was scanned when this value was made; it does not fail now.
        _ = Scanner { rest: self.0 }.items(DEEPEST, visit);
    }
}

struct Scanner<'a> {
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    /// A value and the space after it.
    fn value(&mut self, depth: usize) -> Option<Json<'a>> {
        let start = self.rest;
        match start.bytes().next()? {
            b'{' | b'[' => self.items(depth.checked_sub(1)?, &mut |_, _| {})?,
            b'"' => _ = self.string()?,
            b't' => self.take("true")?,
            b'f' => self.take("false")?,
            b'n' => self.take("null")?,
            _ => self.number()?,
        }
        let value = Json(&start[..start.len() - self.rest.len()]);
        self.space();
        Some(value)
    }

    /// An object or array; `visit` sees each item, with its name as it stands or an empty one.
    fn items(&mut self, depth: usize, visit: &mut dyn FnMut(&'a str, Json<'a>)) -> Option<()> {
        let named = self.take("{").is_some();
        if !named {
            self.take("[")?;
        }
        let end = if named { "}" } else { "]" };
        self.space();
        if self.take(end).is_some() {
            return Some(());
        }
        loop {
            let mut name = "";
            if named {
                name = self.string()?;
                self.space();
                self.take(":")?;
                self.space();
            }
            visit(name, self.value(depth)?);
            if self.take(end).is_some() {
                return Some(());
            }
            self.take(",")?;
            self.space();
        }
    }

    /// What stands between the quotes.
    fn string(&mut self) -> Option<&'a str> {
        self.take("\"")?;
        let mut escaped = false;
        let end = self.rest.bytes().position(|byte| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        })?;
        let raw = &self.rest[..end];
        unescape(raw, &mut |_| {})?;
        self.rest = &self.rest[end + 1..];
        Some(raw)
    }

    fn number(&mut self) -> Option<()> {
        _ = self.take("-");
        if self.take("0").is_none() {
            self.digits()?;
        }
        if self.take(".").is_some() {
            self.digits()?;
        }
        if self.take("e").or_else(|| self.take("E")).is_some() {
            _ = self.take("+").or_else(|| self.take("-"));
            self.digits()?;
        }
        Some(())
    }

    /// One digit or more.
    fn digits(&mut self) -> Option<()> {
        let rest = self.rest.trim_start_matches(|char: char| char.is_ascii_digit());
        let some = rest.len() < self.rest.len();
        self.rest = rest;
        some.then_some(())
    }

    fn take(&mut self, token: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(token)?;
        Some(())
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }
}

/// Gives the characters of a string as it stands between its quotes; `None` for what JSON does not allow there.
fn unescape(raw: &str, each: &mut dyn FnMut(char)) -> Option<()> {
    let mut rest = raw.chars();
    while let Some(char) = rest.next() {
        each(match char {
            '\\' => match rest.next()? {
                char @ ('"' | '\\' | '/') => char,
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => code_point(&mut rest)?,
                _ => return None,
            },
            '\0'..='\u{1f}' | '"' => return None,
            char => char,
        });
    }
    Some(())
}

/// The character after `\u`, which may go on with the second half of a surrogate pair.
fn code_point(rest: &mut core::str::Chars<'_>) -> Option<char> {
    let first = unit(rest)?;
    if !(0xd800..0xdc00).contains(&first) {
        return char::from_u32(first);
    }
    if rest.next()? != '\\' || rest.next()? != 'u' {
        return None;
    }
    let second = unit(rest)?.checked_sub(0xdc00).filter(|second| *second < 0x400)?;
    char::from_u32(0x10000 + ((first - 0xd800) << 10) + second)
}

/// Four hexadecimal digits.
fn unit(rest: &mut core::str::Chars<'_>) -> Option<u32> {
    (0..4).try_fold(0, |unit, _| Some(unit << 4 | rest.next()?.to_digit(16)?))
}

#[cfg(test)]
mod tests;
