/** Bytes: a buffer, or a view of one. */
export type Bytes = ArrayBufferLike | ArrayBufferView;

/** A view of the bytes of a buffer or of another view; what is neither passes unchanged, for the module to refuse. */
export function view(data: unknown): unknown {
  if (data instanceof Uint8Array) {
    return data;
  }
  if (ArrayBuffer.isView(data)) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  if (data instanceof ArrayBuffer || (typeof SharedArrayBuffer !== "undefined" && data instanceof SharedArrayBuffer)) {
    return new Uint8Array(data);
  }
  return data;
}

const encoder = new TextEncoder();

/** Text as UTF-8; half a surrogate pair has none, so such text passes unchanged, for the module to refuse. */
export function encoded(text: string): unknown {
  return /\p{Surrogate}/u.test(text) ? text : encoder.encode(text);
}

/** The bytes of what can be sealed. */
export async function plaintext(data: unknown): Promise<unknown> {
  return typeof data === "string" ? encoded(data) : message(data);
}

/** The bytes of what can be opened. */
export async function message(data: unknown): Promise<unknown> {
  return data instanceof Blob ? new Uint8Array(await data.arrayBuffer()) : view(data);
}
