/**
 * Finds any 64-byte window of a plaintext in recorded bytes, raw, as base64 or as hex, also one inside the other.
 *
 * Every 64-byte window holds a whole 32-byte block that begins at a multiple of 32 in the plaintext. So it is enough
 * to know those blocks, and to look at every position of the recorded bytes for one of them.
 *
 * *Invariant:* reports where something was found, never what.
 */

const BLOCK = 32;
const PREFIX = 6;
const DEPTH = 3;

export function leakDetector(plaintext) {
  const offsets = new Map();
  for (let offset = 0; offset + BLOCK <= plaintext.length; offset += BLOCK) {
    const prefix = plaintext.readUIntBE(offset, PREFIX);
    const known = offsets.get(prefix);
    if (known) known.push(offset);
    else offsets.set(prefix, [offset]);
  }

  function scan(bytes, how) {
    const found = [];
    for (let position = 0; position + BLOCK <= bytes.length; position += 1) {
      for (const offset of offsets.get(bytes.readUIntBE(position, PREFIX)) ?? []) {
        if (bytes.compare(plaintext, offset, offset + BLOCK, position, position + BLOCK) === 0) found.push({ how, position, offset });
      }
    }
    return found;
  }

  function find(bytes, how = "raw", depth = 0) {
    const found = scan(bytes, how);
    if (depth === DEPTH) return found;
    const text = bytes.toString("latin1");
    for (const [run] of text.matchAll(/[A-Za-z0-9+/_-]{43,}/g)) {
      // A run may begin in the middle of a group of four, so each of the four beginnings is tried.
      for (let phase = 0; phase < 4; phase += 1) found.push(...find(Buffer.from(run.slice(phase), "base64url"), `${how} > base64`, depth + 1));
    }
    for (const [run] of text.matchAll(/[0-9A-Fa-f]{64,}/g)) {
      for (let phase = 0; phase < 2; phase += 1) found.push(...find(Buffer.from(run.slice(phase, run.length - ((run.length - phase) % 2)), "hex"), `${how} > hex`, depth + 1));
    }
    return found;
  }

  return { find };
}
