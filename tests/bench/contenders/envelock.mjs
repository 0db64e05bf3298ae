/**
 * This package, as its users call it.
 *
 * *Invariant:* a message is whole and verified like any other; nothing is switched off to be fast.
 */

const KEY = Uint8Array.from({ length: 32 }, (_, at) => at);

/** A client that wraps every message's own data key under an AES key at hand. */
export function client({ envelock, rawAes }, options = {}) {
  return envelock({ kek: rawAes({ namespace: "bench", name: "kek", key: KEY }), ...options });
}

/** Seals and opens with a fresh data key per message. */
export function fresh(ours, { engine = "auto", ...options } = {}) {
  const box = client(ours, { engine, ...options });
  return { name: engine === "auto" ? "envelock" : `envelock, ${engine} engine`, seal: (data) => box.seal(data), open: (message) => box.open(message) };
}
