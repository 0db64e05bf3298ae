import { mapped } from "./error.js";
import type { Kek } from "./kek.js";
import { load } from "./load.js";
import { Opened } from "./opened.js";

/** What can be sealed or opened. Text is sealed as UTF-8. */
export type Data = string | BufferSource | Blob;

/** Public text pairs bound to a message and to the wrap of its data key. Not secret: no personal data. */
export type Context = Readonly<Record<string, string>>;

/** How far a call is, in bytes of its input. */
export interface Progress {
  readonly done: number;
  readonly total: number;
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

/** Options of a client. */
export interface EnvelockOptions {
  /** Who wraps and unwraps data keys. */
  readonly kek: Kek;
  /** Plaintext bytes in each frame of new messages, 1 to 2^32-1; by default 262144. */
  readonly frameLength?: number;
  /** Most encrypted data keys accepted in a message, as each may cost a key call; by default 10. */
  readonly maxEdks?: number;
  /** Longest frame accepted in a message, bytes; by default 16777216. */
  readonly maxFrameLength?: number;
}

/** Seals and opens under one configuration. */
export interface Envelock {
  /**
   * Seals `data` into one message under a fresh data key, which the KEK wraps: one key call.
   *
   * A buffer must not change until the promise is settled. Rejects with {@link EnvelockError}, or with the signal's
   * reason.
   */
  seal(data: Data, options?: CallOptions): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Opens a message that {@link seal} or another implementation of the format made: one key call.
   *
   * Resolves only when every byte is verified. A message whose context lacks an expected pair is refused before any
   * key call. A buffer must not change until the promise is settled.
   */
  open(message: BufferSource | Blob, options?: CallOptions): Promise<Opened>;
}

/** The front of a message as it claims to be. Nothing here is verified before the message is opened. */
export interface Inspection {
  readonly version: number;
  /** Algorithm suite id, such as `0x0478`. */
  readonly suite: string;
  /** Whether the message can open under one data key only. */
  readonly committing: boolean;
  /** Lower-case hexadecimal. */
  readonly messageId: string;
  readonly context: Context;
  readonly edks: readonly InspectedEdk[];
  /** Plaintext bytes in each frame but the last. */
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
  const binding = once(async () => new (await load()).Binding(chosen));
  return {
    seal: (data, call = {}) => mapped(async () => (await binding()).seal(await bytes(data, "seal"), call)),
    open: (message, call = {}) =>
      mapped(async () => {
        const opened = await (await binding()).open(await bytes(message, "open"), call);
        return new Opened(opened.bytes, opened.context);
      }),
  };
}

/** Reads the front of a message without any key. */
export function inspect(message: BufferSource | Blob): Promise<Inspection> {
  return mapped(async () => (await load()).inspect(await bytes(message, "open")) as Inspection);
}

/** A view of the bytes; what is none passes unchanged, for the module to refuse. */
async function bytes(data: unknown, verb: "seal" | "open"): Promise<unknown> {
  if (typeof data === "string") {
    // Half a surrogate pair has no UTF-8, and the encoder would replace it without a word.
    return verb === "seal" && !/\p{Surrogate}/u.test(data) ? new TextEncoder().encode(data) : data;
  }
  if (ArrayBuffer.isView(data)) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  if (data instanceof ArrayBuffer || (typeof SharedArrayBuffer !== "undefined" && data instanceof SharedArrayBuffer)) {
    return new Uint8Array(data);
  }
  return data instanceof Blob ? new Uint8Array(await data.arrayBuffer()) : data;
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
