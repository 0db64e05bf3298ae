import { mapped } from "./error.js";

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
    for (let piece = await this.#next(at); piece.length > 0; piece = await this.#next(at)) {
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
    let at = 0;
    return new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        pull: async (controller) => {
          const piece = await this.#next(at);
          at += piece.length;
          if (piece.length > 0) {
            controller.enqueue(piece);
          }
          if (at === this.size) {
            controller.close();
          }
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** The piece that starts at `at`; empty at the end. */
  async #next(at: number): Promise<Uint8Array<ArrayBuffer>> {
    if (at === this.size) {
      return new Uint8Array(0);
    }
    const start = this.#start + at;
    const end = Math.min(await mapped(async () => this.#reading.readEnd(start)), this.#start + this.size);
    return mapped(() => this.#reading.read(start, end));
  }
}
