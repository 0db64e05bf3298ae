import { FileSlice, type Reading } from "./slice.js";

/** A message that is sealed when parts of it are read. Its size is known before anything is sealed. */
export class SealedBlob extends FileSlice {
  /** The whole message in parts of `size` bytes, the last one shorter, for uploads in parts. Nothing is read yet. */
  parts(size: number): FileSlice[] {
    if (!Number.isInteger(size) || size < 1) {
      throw new RangeError("the size of a part is a whole number of bytes, at least 1");
    }
    return Array.from({ length: Math.ceil(this.size / size) }, (_, at) => this.slice(at * size, (at + 1) * size));
  }

  /** The whole message as a Blob, which the platform may keep on disk: a body for `fetch`. */
  async blob(): Promise<Blob> {
    const chunks: Blob[] = [];
    const stream = this.stream().getReader();
    for (let read = await stream.read(); !read.done; read = await stream.read()) {
      chunks.push(new Blob([read.value]));
    }
    return new Blob(chunks, { type: "application/octet-stream" });
  }
}

/** What {@link OpenedFile.response} says of the content. */
export interface ResponseOptions {
  /** Media type of the plaintext; by default `application/octet-stream`. */
  readonly type?: string;
}

/** A stored message whose header and end are verified; its plaintext is opened where it is read. */
export class OpenedFile extends FileSlice {
  /** The encryption context that the message was sealed with. */
  readonly context: Readonly<Record<string, string>>;

  /** @internal */
  constructor(reading: Reading & { readonly context: Record<string, string> }) {
    super(reading);
    this.context = Object.freeze(reading.context);
  }

  /**
   * Answers a request for the plaintext as an HTTP server would (RFC 9110 section 14): 206 for a single `Range`, 416 for
   * one beyond the end, 200 otherwise. For service workers, so that media elements can seek.
   */
  response(request: Request, { type = "application/octet-stream" }: ResponseOptions = {}): Response {
    const headers = new Headers({ "accept-ranges": "bytes", "cache-control": "no-store", "content-type": type });
    const range = parseRange(request.headers.get("range"), this.size);
    if (range === "beyond") {
      headers.set("content-range", `bytes */${this.size}`);
      return new Response(null, { status: 416, headers });
    }
    const slice = range === undefined ? this : this.slice(range.start, range.end);
    if (range !== undefined) {
      headers.set("content-range", `bytes ${range.start}-${range.end - 1}/${this.size}`);
    }
    headers.set("content-length", String(slice.size));
    return new Response(request.method === "HEAD" ? null : slice.stream(), { status: range === undefined ? 200 : 206, headers });
  }
}

/** The range a request asks for; `undefined` for the whole, as for lists of ranges, which may be ignored. */
function parseRange(header: string | null, size: number): { start: number; end: number } | "beyond" | undefined {
  const [, from, to] = /^bytes=(\d*)-(\d*)$/.exec(header?.replaceAll(" ", "") ?? "") ?? [];
  if (from === undefined || to === undefined || (from === "" && to === "")) {
    return undefined;
  }
  if (from === "") {
    return Number(to) === 0 || size === 0 ? "beyond" : { start: Math.max(size - Number(to), 0), end: size };
  }
  const start = Number(from);
  const end = to === "" ? size : Math.min(Number(to) + 1, size);
  if (to !== "" && Number(to) < start) {
    return undefined;
  }
  return start >= size ? "beyond" : { start, end };
}
