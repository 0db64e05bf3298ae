//! Bounded reading and writing of big-endian fields, and hexadecimal.
//!
//! *Invariant:* never panics and never allocates by a length that was not first found in the input.

use alloc::string::String;
use alloc::vec::Vec;

use crate::error::Error;

/// Why reading stopped.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The input ends before this many bytes of it are there.
    Short(usize),
    /// The input is wrong, whatever may follow.
    Bad(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Bad(error)
    }
}

/// Reads fields from the front of a byte slice.
pub(crate) struct Reader<'a> {
    input: &'a [u8],
    position: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(input: &'a [u8]) -> Self {
        Self { input, position: 0 }
    }

    /// Bytes read so far.
    pub(crate) fn position(&self) -> usize {
        self.position
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.position == self.input.len()
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Result<&'a [u8], Stop> {
        let end = self.position.saturating_add(length);
        let field = self.input.get(self.position..end).ok_or(Stop::Short(end))?;
        self.position = end;
        Ok(field)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        let mut array = [0; N];
        array.copy_from_slice(self.bytes(N)?);
        Ok(array)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Stop> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Stop> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Stop> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    /// A field behind its two-byte length.
    pub(crate) fn field(&mut self) -> Result<&'a [u8], Stop> {
        let length = self.u16()?;
        self.bytes(length.into())
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |number: u8| char::from(DIGITS[usize::from(number & 0xf)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

/// Writes `bytes` behind their two-byte length; `what` names the field when it is too long.
pub(crate) fn put_field(out: &mut Vec<u8>, bytes: &[u8], what: &str) -> Result<(), Error> {
    let length = u16::try_from(bytes.len()).map_err(|_| Error::argument(what, "longer than 65535 bytes"))?;
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(bytes);
    Ok(())
}
