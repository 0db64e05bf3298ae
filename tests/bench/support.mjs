/**
 * Bytes to seal, the check that they came back, and how figures are written.
 *
 * *Invariant:* knows no runtime.
 */

export const KIB = 1024;
export const MIB = 1024 * KIB;

/** Bytes that no compressor could make smaller. */
export function noise(length) {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  return bytes;
}

/** Throws unless `opened`, bytes or a list of buffers, is `data`. */
export async function same(opened, data, name) {
  const bytes = Array.isArray(opened) ? new Uint8Array(await new Blob(opened).arrayBuffer()) : opened;
  const equal = bytes.length === data.length && bytes.every((byte, at) => byte === data[at]);
  if (!equal) throw new Error(`${name} opened something else than was sealed`);
}

/** Reads a stream to its end and keeps nothing. */
export async function drain(stream) {
  const reader = stream.getReader();
  while (!(await reader.read()).done);
}

/** Gives a worker a task; resolves when it is done. */
export function ask(worker, task) {
  return new Promise((resolve, reject) => {
    worker.onmessage = resolve;
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(task);
  });
}

/** A number of bytes. */
export function sizeName(bytes) {
  if (bytes < KIB) return `${bytes} B`;
  return bytes < MIB ? `${bytes / KIB} KiB` : `${bytes / MIB} MiB`;
}

/** Milliseconds, in the unit that a reader can compare. */
export function duration(milliseconds) {
  if (milliseconds < 1) return `${(milliseconds * 1000).toPrecision(3)} µs`;
  return milliseconds < 1000 ? `${milliseconds.toPrecision(3)} ms` : `${(milliseconds / 1000).toPrecision(3)} s`;
}
