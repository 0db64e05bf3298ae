import type { DataKeyBinding } from "../wasm/envelock_bg.js";
import { type Bytes, encoded, view } from "./bytes.js";
import { type Keyholder, usable } from "./dispose.js";
import { mappedNow } from "./error.js";
import { Opened } from "./opened.js";

/** Options of a data key. */
export interface DataKeyOptions {
  /** The pairs that all its messages are bound to. */
  readonly context?: Readonly<Record<string, string>> | undefined;
  /** Ends the key call early. */
  readonly signal?: AbortSignal | undefined;
}

export interface DataKey extends Keyholder {}

/**
 * A data key at hand, for hot loops: seals and opens at once, without promise or key call.
 *
 * What it seals are whole messages as {@link Envelock.seal} makes them, each under keys of its own, and every client with
 * the KEK opens them. It has no limits and outlives a revoked root key: dispose of it as soon as the work is done.
 */
export class DataKey {
  /** The encryption context of its messages. */
  readonly context: Readonly<Record<string, string>>;
  readonly #held: DataKeyBinding;

  /** @internal */
  constructor(held: DataKeyBinding) {
    this.#held = held;
    this.context = Object.freeze(held.context);
  }

  /** Seals `data`; text as UTF-8. Throws {@link EnvelockError}. */
  sealSync(data: string | Bytes): Uint8Array<ArrayBuffer> {
    return mappedNow(() => this.#held.seal(this.#bytes(data, "data")) as Uint8Array<ArrayBuffer>);
  }

  /**
   * Opens a message of this very data key. Throws {@link EnvelockError}: `ERR_OTHER_DATA_KEY` for a message of another one,
   * which the client opens.
   */
  openSync(message: Bytes): Opened {
    return mappedNow(() => {
      const bytes = this.#held.open(this.#bytes(message, "message")) as Uint8Array<ArrayBuffer>;
      return new Opened(bytes, this.context);
    });
  }

  /** Wipes the key. What is used afterwards fails with `ERR_DISPOSED`. */
  dispose(): void {
    this.#held.dispose();
  }

  #bytes(data: unknown, argument: "data" | "message"): Uint8Array {
    const bytes = typeof data === "string" && argument === "data" ? encoded(data) : view(data);
    if (!(bytes instanceof Uint8Array)) {
      throw this.#held.refusal(bytes, argument);
    }
    return bytes;
  }
}

usable(DataKey.prototype);
