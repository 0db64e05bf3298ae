//! Files: sealed when their parts are read, opened where they are read.
//!
//! *Invariant:* a read needs memory for what it gives, one frame more on either side, and nothing for the rest.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::ops::Range;

use js_sys::{Object, Promise, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::context::EncryptionContext;
use crate::error::Error;
use crate::message::{Claim, Header, LONGEST_FRONT, LazySealer, Parsed, Place, RangeOpener, Side};

use super::aes::{Aes, Engines};
use super::driver::{Host, array};
use super::error::{Failure, promise};
use super::keeper::Keeper;
use super::options::{self, Expected};
use super::pump::Window;
use super::source::Source;

/// Whole frames that one read should take, so that several are on their way and memory stays small.
const FRAMES_A_READ: u32 = 16;
/// Bytes of a stored message that are read first; almost every header is shorter.
const FIRST_READ: u64 = 4096;

/// A file that is sealed when parts of the message are read.
#[wasm_bindgen]
pub struct SealedFile(Rc<Sealed>);

struct Sealed {
    sealer: LazySealer<Aes>,
    source: Source,
    host: Host,
    counted: Counted,
}

/// Starts a message over all of `source`.
pub(super) async fn seal(
    keeper: &Rc<Keeper>,
    engines: Engines,
    host: Host,
    source: Source,
    context: EncryptionContext,
) -> Result<SealedFile, Failure> {
    host.expect(source.size);
    let sealed = keeper.seal(&host, context, Some(source.size)).await?;
    let engine = engines.to_seal(sealed.message_key(), Some(source.size)).await?;
    let sealer = LazySealer::new(engine, sealed, source.size)?;
    Ok(SealedFile(Rc::new(Sealed { sealer, source, host, counted: Counted::default() })))
}

#[wasm_bindgen]
impl SealedFile {
    /// Bytes of the message.
    #[wasm_bindgen(getter)]
    pub fn size(&self) -> f64 {
        self.0.sealer.map().message_length() as f64
    }

    /// Where a read that starts at `start` should end.
    #[wasm_bindgen(js_name = readEnd)]
    pub fn read_end(&self, start: f64) -> f64 {
        self.0.sealer.map().stop_after(start as u64, FRAMES_A_READ, Side::Message) as f64
    }

    /// Seals these bytes of the message.
    #[wasm_bindgen(unchecked_return_type = "Promise<Uint8Array<ArrayBuffer>>")]
    pub fn read(&self, start: f64, end: f64) -> Promise {
        let file = Rc::clone(&self.0);
        promise(async move { Ok(file.read(start as u64..end as u64).await?.into()) })
    }
}

impl Sealed {
    async fn read(&self, range: Range<u64>) -> Result<Uint8Array, Failure> {
        let Self { sealer, source, host, counted } = self;
        let out = Cut::new(range.clone())?;
        out.put(0, &Uint8Array::from(sealer.header()));
        let places: Vec<Place> = sealer.map().of_message_range(&range).collect();
        let (Some(first), Some(last)) = (places.first(), places.last()) else { return Ok(out.array) };
        let start = first.plaintext.start;
        let content = source.read(start..last.plaintext.end, Error::SourceChanged).await?;
        let mut window = Window::default();
        for place in &places {
            let frame = sealer.start(place, part(&content, start, &place.plaintext))?;
            window.push((place, frame.front), frame.content);
            if window.is_full() {
                self.release(&mut window, &out).await?;
            }
            host.progress(counted.count(place)).await?;
        }
        while self.release(&mut window, &out).await? {}
        Ok(out.array)
    }

    async fn release(&self, window: &mut Window<(&Place, Vec<u8>)>, out: &Cut) -> Result<bool, Failure> {
        let Some(((place, front), sealed)) = window.next().await? else { return Ok(false) };
        let sealed = self.sealer.release(place, sealed)?;
        out.put(place.message.start, &Uint8Array::from(front.as_slice()));
        out.put(place.message.start + front.len() as u64, &sealed);
        Ok(true)
    }
}

/// A stored message whose length is proven; its parts are opened when they are read.
#[wasm_bindgen]
pub struct OpenedFile {
    opened: Rc<Opened>,
    context: Object,
}

struct Opened {
    opener: RangeOpener<Aes>,
    source: Source,
    host: Host,
    counted: Counted,
}

/// Checks header and final frame of the message that `source` holds.
pub(super) async fn open(
    keeper: &Rc<Keeper>,
    engines: Engines,
    host: Host,
    source: Source,
    expected: &Expected,
) -> Result<OpenedFile, Failure> {
    let header = expected.complete(read_header(keeper, &source).await?)?;
    // Before any key is asked: a body that is one block has no parts.
    header.frame_length()?;
    let header_length = header.length() as u64;
    let unlocked = keeper.open(&host, header, &expected.pairs).await?;
    let engine = engines.to_open(unlocked.message_key(), Some(source.size)).await?;
    let claim = Claim::new(engine, &unlocked, header_length, source.size)?;
    let last = source.read(claim.last().message, Error::Truncated).await?;
    let front = last.subarray(0, LONGEST_FRONT as u32).to_vec();
    let (opener, _) = claim.prove(&front, |from| last.subarray(from as u32, last.length())).await?;
    host.expect(opener.map().plaintext_length());
    let context = options::pairs(unlocked.context());
    let opened = Opened { opener, source, host, counted: Counted::default() };
    Ok(OpenedFile { opened: Rc::new(opened), context })
}

async fn read_header(keeper: &Rc<Keeper>, source: &Source) -> Result<Header, Failure> {
    let mut front = Vec::new();
    let mut length = source.size.min(FIRST_READ);
    loop {
        let more = source.read(front.len() as u64..length, Error::Truncated).await?;
        front.extend_from_slice(&more.to_vec());
        match Header::parse(&front, keeper.limits())? {
            Parsed::Complete(header) => return Ok(header),
            Parsed::Incomplete(needed) if needed as u64 > source.size => return Err(Error::Truncated.into()),
            Parsed::Incomplete(needed) => length = source.size.min((needed as u64).max(2 * length)),
        }
    }
}

#[wasm_bindgen]
impl OpenedFile {
    /// The encryption context that the message was sealed with.
    #[wasm_bindgen(getter, unchecked_return_type = "Record<string, string>")]
    pub fn context(&self) -> Object {
        self.context.clone()
    }

    /// Bytes of the plaintext.
    #[wasm_bindgen(getter)]
    pub fn size(&self) -> f64 {
        self.opened.opener.map().plaintext_length() as f64
    }

    /// Where a read that starts at `start` should end.
    #[wasm_bindgen(js_name = readEnd)]
    pub fn read_end(&self, start: f64) -> f64 {
        self.opened.opener.map().stop_after(start as u64, FRAMES_A_READ, Side::Plaintext) as f64
    }

    /// Opens these bytes of the plaintext.
    #[wasm_bindgen(unchecked_return_type = "Promise<Uint8Array<ArrayBuffer>>")]
    pub fn read(&self, start: f64, end: f64) -> Promise {
        let opened = Rc::clone(&self.opened);
        promise(async move { Ok(opened.read(start as u64..end as u64).await?.into()) })
    }
}

impl Opened {
    async fn read(&self, range: Range<u64>) -> Result<Uint8Array, Failure> {
        let Self { opener, source, host, counted } = self;
        let out = Cut::new(range.clone())?;
        let places: Vec<Place> = opener.map().of_plaintext_range(&range).collect();
        let (Some(first), Some(last)) = (places.first(), places.last()) else { return Ok(out.array) };
        let start = first.message.start;
        let message = source.read(start..last.message.end, Error::Truncated).await?;
        let mut window = Window::default();
        for place in &places {
            let frame = part(&message, start, &place.message);
            let front_length = RangeOpener::<Aes>::front_length(place) as u32;
            let front = frame.subarray(0, front_length).to_vec();
            window.push(place, opener.open(place, &front, frame.subarray(front_length, frame.length()))?);
            if window.is_full() {
                put(&mut window, &out).await?;
            }
            host.progress(counted.count(place)).await?;
        }
        while put(&mut window, &out).await? {}
        Ok(out.array)
    }
}

async fn put(window: &mut Window<&Place>, out: &Cut) -> Result<bool, Failure> {
    let Some((place, plaintext)) = window.next().await? else { return Ok(false) };
    out.put(place.plaintext.start, &plaintext);
    Ok(true)
}

/// A bit for each frame that counted as progress, so that none counts twice, however often it is read.
#[derive(Default)]
struct Counted(RefCell<Vec<u8>>);

impl Counted {
    /// Counts the frame: its plaintext bytes the first time, none later.
    fn count(&self, place: &Place) -> u64 {
        let (at, bit) = (place.number as usize / 8, 1 << (place.number % 8));
        let mut bits = self.0.borrow_mut();
        if bits.len() <= at {
            bits.resize(at + 1, 0);
        }
        let is_new = bits[at] & bit == 0;
        bits[at] |= bit;
        if is_new { place.content_length().into() } else { 0 }
    }
}

/// A view of the bytes of `range` in an array that starts at `start`.
fn part(array: &Uint8Array, start: u64, range: &Range<u64>) -> Uint8Array {
    // Both lie in the array, whose length is a u32.
    array.subarray((range.start - start) as u32, (range.end - start) as u32)
}

/// A range of a longer sequence, filled from pieces that may reach beyond it.
struct Cut {
    array: Uint8Array,
    range: Range<u64>,
}

impl Cut {
    fn new(range: Range<u64>) -> Result<Self, Failure> {
        Ok(Self { array: array(range.end.saturating_sub(range.start), "slice")?, range })
    }

    /// Writes what of `piece`, which starts at `at`, lies in the range.
    fn put(&self, at: u64, piece: &Uint8Array) {
        let end = at + u64::from(piece.length());
        let (from, to) = (at.max(self.range.start), end.min(self.range.end));
        if from < to {
            self.array.set(&part(piece, at, &(from..to)), (from - self.range.start) as u32);
        }
    }
}
