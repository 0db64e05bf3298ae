/** Plaintext of a message that was verified to its end: bytes, with helpers. */
export class Opened extends Uint8Array<ArrayBuffer> {
  /** The encryption context that the message was sealed with. */
  readonly context: Readonly<Record<string, string>>;

  /** @internal */
  constructor(bytes: Uint8Array<ArrayBuffer>, context: Readonly<Record<string, string>>) {
    super(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.context = Object.freeze(context);
  }

  /** Slices and views are plain byte arrays. */
  static get [Symbol.species](): Uint8ArrayConstructor {
    return Uint8Array;
  }

  /** The bytes as text. Throws a `TypeError` if they are not UTF-8. */
  text(): string {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this);
  }

  /** The bytes as JSON. Throws a `SyntaxError` if they are not. */
  json<T = unknown>(): T {
    return JSON.parse(this.text()) as T;
  }
}
