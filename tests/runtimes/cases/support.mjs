/** What the cases share: checks that throw, and data that is the same everywhere. */

export const KEY = Uint8Array.from({ length: 32 }, (_, at) => at);
/** Each engine, and the choice between them. */
export const ENGINES = ["auto", "wasm", "webcrypto"];

export const hex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
export const unbase64 = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
export const noise = (length) => Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8)) & 255);

export function check(condition, what) {
  if (!condition) throw new Error(what);
}

export function same(left, right, what) {
  check(left.length === right.length && left.every((byte, at) => byte === right[at]), `${what}: bytes differ`);
}

export async function fails(promise, code) {
  const error = await promise.then(() => undefined, (thrown) => thrown);
  check(error !== undefined, `must fail with ${code}`);
  check(error.code === code, `fails with ${error.code ?? error}, not ${code}`);
  return error;
}

/** Numbers that look random and are the same in every run. */
export function random(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

export function concat(chunks) {
  const whole = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
  chunks.reduce((at, chunk) => (whole.set(chunk, at), at + chunk.length), 0);
  return whole;
}

/** Reads a stream to its end or its failure: what came out, and the failure. */
export async function drain(stream) {
  const chunks = [];
  const reader = stream.getReader();
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) chunks.push(read.value);
  } catch (error) {
    return { bytes: concat(chunks), error };
  }
  return { bytes: concat(chunks), error: undefined };
}

/** A stream of `bytes` in chunks of the sizes that `next` gives; notes what is asked of it. */
export function source(bytes, next) {
  const seen = { given: 0, cancelled: undefined };
  let at = 0;
  const stream = new ReadableStream(
    {
      pull(controller) {
        if (at >= bytes.length) return controller.close();
        const chunk = bytes.slice(at, at + next());
        at += chunk.length;
        seen.given += chunk.length;
        controller.enqueue(chunk);
      },
      cancel(reason) {
        seen.cancelled = reason;
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, seen };
}
