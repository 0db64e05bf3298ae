import { mapped } from "./error.js";
import { fromIterable } from "./streams.js";

/** Pieces that are under way at once. */
const AHEAD = 2;

/** Bytes that the module makes when they are read. */
export interface Reading {
  /** In bytes. */
  readonly size: number;
  /** Where a read that starts at `start` should end, so that no work is done twice. */
  readEnd(start: number): number;
  /** Makes bytes `start` to `end`. */
  read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** Some bytes of a file, made when they are read: a Blob in all but the memory. */
export class FileSlice {
  /** In bytes. */
  readonly size: number;
  readonly #reading: Reading;
  readonly #start: number;

  /** @internal */
  constructor(reading: Reading, start = 0, end = reading.size) {
    this.#reading = reading;
    this.#start = start;
    this.size = end - start;
  }

  /** Bytes `start` to `end` of these, negative ones counted from the end, as `Blob.slice` has it. Reads nothing yet. */
  slice(start = 0, end = this.size): FileSlice {
    const at = (position: number): number =>
      Math.trunc(position < 0 ? Math.max(this.size + position, 0) : Math.min(position, this.size));
    const from = at(start);
    return new FileSlice(this.#reading, this.#start + from, this.#start + Math.max(from, at(end)));
  }

  /** All of these bytes. Rejects with `EnvelockError`, or with whatever the source rejects with. */
  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    const whole = new Uint8Array(this.size);
    let at = 0;
    for await (const piece of this.#pieces()) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }

  /** All of these bytes, as a buffer. */
  async arrayBuffer(): Promise<ArrayBuffer> {
    return (await this.bytes()).buffer;
  }

  /** All of these bytes, as text. Rejects with a `TypeError` if they are not UTF-8. */
  async text(): Promise<string> {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await this.bytes());
  }

  /** All of these bytes, as they are read; memory holds a few frames whatever the size. */
  stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return fromIterable(this.#pieces());
  }

  /** The bytes in the pieces in which they are made; while one is made, the next is read. */
  async *#pieces(): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
    const underWay: Promise<Uint8Array<ArrayBuffer>>[] = [];
    const stop = this.#start + this.size;
    let start = this.#start;
    while (start < stop || underWay.length > 0) {
      while (start < stop && underWay.length < AHEAD) {
        const [from, end] = [start, Math.min(this.#reading.readEnd(start), stop)];
        const piece = mapped(() => this.#reading.read(from, end));
        // A failure is told in its turn; one that comes before its turn must not count as unheard.
        piece.catch(() => undefined);
        underWay.push(piece);
        start = end;
      }
      const piece = await underWay.shift();
      if (piece !== undefined) {
        yield piece;
      }
    }
  }
}
