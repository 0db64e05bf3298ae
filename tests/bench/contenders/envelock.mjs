/**
 * This package, as its users call it.
 *
 * *Invariant:* a message is whole and verified like any other; nothing is switched off to be fast.
 */

const KEY = Uint8Array.from({ length: 32 }, (_, at) => at);
const CACHE = { maxAge: 3_600_000, maxMessages: 2 ** 31, maxBytes: 2 ** 50 };

/** A client that wraps every message's own data key under an AES key at hand. */
export function client({ envelock, rawAes }, options = {}) {
  return envelock({ kek: rawAes({ namespace: "bench", name: "kek", key: KEY }), ...options });
}

/** Seals and opens with a fresh data key per message. */
export function fresh(ours, { engine = "auto", ...options } = {}) {
  const box = client(ours, { engine, ...options });
  return { name: engine === "auto" ? "envelock" : `envelock, ${engine} engine`, seal: (data) => box.seal(data), open: (message) => box.open(message) };
}

/** The same with the data key in the cache. */
export function cached(ours, { engine = "auto", ...options } = {}) {
  const { name, ...verbs } = fresh(ours, { engine, cache: CACHE, ...options });
  return { name: `${name}, data key cached`, ...verbs };
}

/** Without a promise: one data key for a hot loop. */
export async function sync(ours) {
  const key = await client(ours).dataKey();
  return { name: "envelock, dataKey()", sync: true, seal: (data) => key.sealSync(data), open: (message) => key.openSync(message) };
}
