import { EnvelockError } from "./error.js";

/** Something that can be read anywhere: the application's own storage, for instance. */
export interface ByteReader {
  /** In bytes. */
  readonly size: number;
  /** Gives bytes `start` to `end`, all of them. */
  read(start: number, end: number): Promise<Uint8Array> | Uint8Array;
}

/** Where a file's bytes lie. */
export type FileSource = string | URL | Blob | ByteReader;

/** Bytes of a URL that are read first; with them comes the size, and almost always the whole header. */
const FIRST_READ = 4096;

/** The source as something that can be read anywhere. A URL is asked for its first bytes. */
export async function reader(source: FileSource, signal: AbortSignal | undefined): Promise<ByteReader> {
  if (typeof source === "string" || source instanceof URL) {
    return remote(source, signal);
  }
  if (source instanceof Blob) {
    return {
      size: source.size,
      read: async (start, end) => new Uint8Array(await source.slice(start, end).arrayBuffer()),
    };
  }
  return source;
}

async function remote(url: string | URL, signal: AbortSignal | undefined): Promise<ByteReader> {
  const ask = async (start: number, end: number): Promise<Response> => {
    const answer = await fetch(url, { headers: { range: `bytes=${start}-${end - 1}` }, ...(signal && { signal }) });
    if (answer.status === 200) {
      await answer.body?.cancel();
      throw failure("ERR_NO_RANGES", "the server does not answer requests for a range of bytes (206): fetch the whole and pass it as a Blob");
    }
    if (answer.status !== 206) {
      await answer.body?.cancel();
      throw failure("ERR_SOURCE_UNREADABLE", `the stored message could not be read: the server answered ${answer.status}`);
    }
    return answer;
  };
  const first = await ask(0, FIRST_READ);
  const front = new Uint8Array(await first.arrayBuffer());
  const size = sizeOf(first) ?? (await askSize(url, signal));
  const version = versionOf(first);
  return {
    size,
    read: async (start, end) => {
      if (end <= front.length) {
        return front.subarray(start, end);
      }
      const answer = await ask(start, end);
      if (versionOf(answer) !== version || (sizeOf(answer) ?? size) !== size) {
        await answer.body?.cancel();
        throw failure("ERR_SOURCE_CHANGED", "the stored message was replaced while it was read: open it anew");
      }
      return new Uint8Array(await answer.arrayBuffer());
    },
  };
}

/** The size of all, from `Content-Range`; other origins must expose that header, so it may be hidden. */
function sizeOf(answer: Response): number | undefined {
  const total = /^bytes \d+-\d+\/(\d+)$/.exec(answer.headers.get("content-range") ?? "")?.[1];
  return total === undefined ? undefined : Number(total);
}

async function askSize(url: string | URL, signal: AbortSignal | undefined): Promise<number> {
  const answer = await fetch(url, { method: "HEAD", ...(signal && { signal }) });
  const length = answer.headers.get("content-length");
  if (!answer.ok || length === null) {
    throw failure("ERR_SOURCE_UNREADABLE", "the server does not say how long the stored message is: expose the header Content-Range");
  }
  return Number(length);
}

function versionOf(answer: Response): string | null {
  return answer.headers.get("etag") ?? answer.headers.get("last-modified");
}

function failure(code: string, message: string): EnvelockError {
  return new EnvelockError({ code, fault: "caller", retryable: false, message });
}
