/** A view of the bytes of a buffer or of another view; what is neither passes unchanged, for the module to refuse. */
export function view(data: unknown): unknown {
  if (ArrayBuffer.isView(data)) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  if (data instanceof ArrayBuffer || (typeof SharedArrayBuffer !== "undefined" && data instanceof SharedArrayBuffer)) {
    return new Uint8Array(data);
  }
  return data;
}

/** The bytes of what can be sealed; half a surrogate pair has no UTF-8, so such text passes unchanged, to be refused. */
export async function plaintext(data: unknown): Promise<unknown> {
  if (typeof data === "string") {
    return /\p{Surrogate}/u.test(data) ? data : new TextEncoder().encode(data);
  }
  return message(data);
}

/** The bytes of what can be opened. */
export async function message(data: unknown): Promise<unknown> {
  return data instanceof Blob ? new Uint8Array(await data.arrayBuffer()) : view(data);
}
