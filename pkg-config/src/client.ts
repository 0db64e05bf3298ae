import type { Binding } from "../wasm/envelock_bg.js";
import { type Bytes, message, plaintext } from "./bytes.js";
import { type CacheOptions, NOTHING_YET, type Rewrapped, type Stats } from "./cache.js";
import { DataKey, type DataKeyOptions } from "./data-key.js";
import { type Keyholder, usable } from "./dispose.js";
import { mapped } from "./error.js";
import { OpenedFile, SealedBlob } from "./files.js";
import type { Kek } from "./kek.js";
import { load, runtime } from "./load.js";
import { Opened } from "./opened.js";
import { type ByteReader, type FileSource, reader } from "./source.js";
import { type ByteStream, type ByteTransform, isByteStream, readable, transform } from "./streams.js";

/** What can be sealed or opened. Text is sealed as UTF-8. */
export type Data = string | Bytes | Blob;

/** Public text pairs bound to a message and to the wrap of its data key. Not secret: no personal data. */
export type Context = Readonly<Record<string, string>>;

/**
 * How far a call is, in bytes of what it reads. Of a file that is sealed or opened part by part: how much of it was read,
 * each frame counted once, when it is first read.
 */
export interface Progress {
  readonly done: number;
  readonly total: number;
}

/** How far a stream is, whose end nobody knows yet: bytes of what went in. */
export interface StreamProgress {
  readonly done: number;
}

/** Options of one call. */
export interface CallOptions {
  /** Sealing: the pairs to bind. Opening: pairs the message must have; it may have more. */
  readonly context?: Context | undefined;
  /** Ends the call early; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called as the data goes through. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Options of one call that opens. */
export interface OpenOptions extends CallOptions {
  /**
   * Pairs that the message was sealed with and does not store, as some writers of the format can have it ("required
   * encryption context"). Messages made here store all their pairs.
   */
  readonly unstoredContext?: Context | undefined;
}

/** The same options for a stream. */
export type Streamed<Options extends CallOptions> = Omit<Options, "onProgress"> & {
  /** Called as the data goes through. */
  readonly onProgress?: ((progress: StreamProgress) => void) | undefined;
};

/**
 * Messages that are opened beside those that are sealed here: for old data and data of other writers. Each kind gives less
 * than a message of this package, so turn on only what you have.
 */
export interface Accept {
  /**
   * Messages with a signature (suite 0x0578; 0x0214, 0x0346 and 0x0378 with `version1`). They are opened by `open` alone, as
   * the signature stands at the end and nothing comes out ahead of it. Needs `crypto.subtle`, and a platform that takes
   * compressed points.
   */
  readonly signed?: boolean;
  /** Version 1. It does not commit to a key: who holds two keys can make one message that opens to two plaintexts. */
  readonly version1?: boolean;
  /** Bodies of one block, up to this many bytes: all of them are held in memory before any comes out. */
  readonly nonFramed?: number;
}

/** Options of a client. */
export interface EnvelockOptions {
  /** Who wraps and unwraps data keys. */
  readonly kek: Kek;
  /**
   * Who runs AES: this module (`wasm`), the platform (`webcrypto`), or the faster one for each message's size (`auto`, the
   * default). Messages are the same either way.
   */
  readonly engine?: "auto" | "wasm" | "webcrypto";
  /** Plaintext bytes in each frame of new messages, 1 to 2^32-1; by default 262144. */
  readonly frameLength?: number;
  /** Most encrypted data keys accepted in a message, as each may cost a key call; by default 10. */
  readonly maxEdks?: number;
  /** Longest frame accepted in a message, bytes; by default 16777216. */
  readonly maxFrameLength?: number;
  /** Old kinds of messages to open, too; by default none. */
  readonly accept?: Accept;
  /** Reuses data keys within these limits. Without it every message costs a key call. */
  readonly cache?: CacheOptions;
  /**
   * Called with the fresh wrapped copy of a data key that an unwrap gives after its root key was rotated, for records of
   * wrapped keys that are kept outside of messages. Nothing waits for it; its failures only show in {@link Envelock.stats}.
   */
  readonly onRewrapped?: (rewrapped: Rewrapped) => unknown;
}

/** Seals and opens under one configuration. */
export interface Envelock extends Keyholder {
  /**
   * Seals `data` into one message under a data key that the KEK wraps: one key call, or none with a {@link CacheOptions}.
   *
   * A buffer must not change until the promise is settled. Rejects with {@link EnvelockError}, or with the signal's
   * reason.
   */
  seal(data: Data, options?: CallOptions): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Opens a message that {@link seal} or another implementation of the format made: one key call, or none for a data key
   * that is cached.
   *
   * Resolves only when every byte is verified. A message whose context lacks an expected pair is refused before any
   * key call. A buffer must not change until the promise is settled.
   */
  open(message: Bytes | Blob, options?: OpenOptions): Promise<Opened>;
  /**
   * Seals what goes through, or all of `source`, in bounded memory: a few frames, however much there is.
   *
   * A reader that stops, stops the source. A failure, a cancel or an abort ends both sides with the same reason.
   */
  sealStream(options?: Streamed<CallOptions>): ByteTransform;
  sealStream(source: ByteStream, options?: Streamed<CallOptions>): ReadableStream<Uint8Array<ArrayBuffer>>;
  /**
   * Opens what goes through, or all of `source`, in bounded memory. Nothing comes out before its frame is verified.
   *
   * Only the stream's proper end says that the plaintext is complete: a message that is cut off ends in an error,
   * `ERR_TRUNCATED`, after the frames before the cut came out. Act on the whole only then.
   */
  openStream(options?: Streamed<OpenOptions>): ByteTransform;
  openStream(source: ByteStream, options?: Streamed<OpenOptions>): ReadableStream<Uint8Array<ArrayBuffer>>;
  /**
   * Seals a file when parts of the message are read, for uploads of known size, in parts, again after a failure.
   *
   * Reading a part twice gives the same bytes. The tag of every frame is kept, and a frame whose content is no longer the
   * same fails with `ERR_SOURCE_CHANGED` instead of coming out: no nonce is used for two contents.
   */
  sealBlob(source: Blob | ByteReader, options?: CallOptions): Promise<SealedBlob>;
  /**
   * Opens a stored message without reading it all: its header and its end are read and verified, so its size is proven, and
   * then the parts that are asked for. A URL must answer requests for ranges; other origins should expose `Content-Range`
   * and `ETag`.
   */
  openFile(source: FileSource, options?: OpenOptions): Promise<OpenedFile>;
  /** Makes a data key for sealing and opening at once in a hot loop: one key call. Dispose of it, best with `using`. */
  dataKey(options?: DataKeyOptions): Promise<DataKey>;
  /**
   * Wraps and unwraps a data key that protects nothing, under every key of the configuration, and rejects with what is
   * wrong: endpoint, token, right or state of a key, by the code of the error. For a health check, or a form with settings.
   */
  verify(options?: Pick<CallOptions, "signal">): Promise<readonly Verified[]>;
  /** What the cache did so far; all zero without one. */
  stats(): Stats;
}

/** One key that wrapped and unwrapped. */
export interface Verified {
  /** Its kind, as messages name it. */
  readonly providerId: string;
  /** The version of the key that is used now, where its service says so. */
  readonly keyVersion?: string;
}

/** The front of a message as it claims to be. Nothing here is verified before the message is opened. */
export interface Inspection {
  readonly version: number;
  /** Algorithm suite id, such as `0x0478`. */
  readonly suite: string;
  /** Whether the message can open under one data key only. */
  readonly committing: boolean;
  /** Whether a signature follows the body. */
  readonly signed: boolean;
  /** Lower-case hexadecimal. */
  readonly messageId: string;
  readonly context: Context;
  readonly edks: readonly InspectedEdk[];
  /** Plaintext bytes in each frame but the last; 0 for a body of one block. */
  readonly frameLength: number;
  readonly headerLength: number;
  readonly messageLength: number;
  /** Missing when the message cannot be complete. */
  readonly plaintextLength?: number;
  /** Missing when the message cannot be complete. */
  readonly frames?: number;
}

/** One wrapped copy of a message's data key. */
export interface InspectedEdk {
  readonly providerId: string;
  /** Text as it stands; anything else as `0x` and hexadecimal. */
  readonly providerInfo: string;
  readonly ciphertextLength: number;
}

/**
 * Makes a client. Nothing is loaded or called until its first use; wrong options are reported then, with
 * `ERR_INVALID_ARGUMENT`.
 */
export function envelock(options: EnvelockOptions): Envelock {
  const chosen = { ...options };
  let made: Binding | undefined;
  let disposed = false;
  const binding = once(async () => {
    made = new (await load()).Binding(chosen, runtime());
    if (disposed) {
      made.dispose();
    }
    return made;
  });
  return usable<Omit<Envelock, keyof Disposable | keyof AsyncDisposable>>({
    seal: (data, call = {}) => mapped(async () => (await binding()).seal(await plaintext(data), call)),
    open: (sealed, call = {}) =>
      mapped(async () => {
        const opened = await (await binding()).open(await message(sealed), call);
        return new Opened(opened.bytes, opened.context);
      }),
    sealStream: overloaded((call) => async () => (await binding()).sealStream(call)),
    openStream: overloaded((call) => async () => (await binding()).openStream(call)),
    sealBlob: (source, call = {}) =>
      mapped(async () => {
        const from = await reader(source, call.signal);
        return new SealedBlob(await (await binding()).sealFile(async (start, end) => from.read(start, end), from.size, call));
      }),
    openFile: (source, call = {}) =>
      mapped(async () => {
        const from = await reader(source, call.signal);
        return new OpenedFile(await (await binding()).openFile(async (start, end) => from.read(start, end), from.size, call));
      }),
    dataKey: (call = {}) => mapped(async () => new DataKey(await (await binding()).dataKey(call))),
    verify: (call = {}) => mapped(async () => (await binding()).verify(call)),
    stats: () => (made === undefined ? NOTHING_YET : (made.stats() as Stats)),
    dispose: () => {
      disposed = true;
      made?.dispose();
    },
  });
}

/** A verb over streams: with a source it gives what comes out of it, without one the transform itself. */
function overloaded(start: (call: Streamed<OpenOptions>) => Parameters<typeof transform>[0]): Envelock["openStream"] {
  function verb(call?: Streamed<OpenOptions>): ByteTransform;
  function verb(source: ByteStream, call?: Streamed<OpenOptions>): ReadableStream<Uint8Array<ArrayBuffer>>;
  function verb(
    first: ByteStream | Streamed<OpenOptions> = {},
    second: Streamed<OpenOptions> = {},
  ): ByteTransform | ReadableStream<Uint8Array<ArrayBuffer>> {
    if (isByteStream(first)) {
      return readable(first).pipeThrough(transform(start(second), second.signal));
    }
    return transform(start(first), first.signal);
  }
  return verb;
}

/** Reads the front of a message without any key. */
export function inspect(sealed: Bytes | Blob): Promise<Inspection> {
  return mapped(async () => (await load()).inspect(await message(sealed)) as Inspection);
}

/** Makes a value at the first call; a failure is tried again at the next. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () =>
    (made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    }));
}
