/**
 * Reads pasted key material and says, in a value, what is wrong with it.
 *
 * *Invariant:* keeps nothing of the material it reads.
 */

export type Material =
  | { ok: true; bits: 128 | 192 | 256 }
  | { ok: false; fault: "empty" }
  | { ok: false; fault: "bad-character"; character: string; position: number }
  | { ok: false; fault: "url-alphabet" | "whitespace" | "padding-inside" | "not-canonical" }
  | { ok: false; fault: "padding"; missing: number; bytes: number }
  | { ok: false; fault: "length"; bytes: number };

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

export function readMaterial(text: string): Material {
  const value = text.trim();
  if (value === "") return { ok: false, fault: "empty" };
  if (/\s/.test(value)) return { ok: false, fault: "whitespace" };
  const body = value.replace(/=*$/, "");
  const padding = value.length - body.length;
  if (/^[A-Za-z0-9_-]*$/.test(body) && /[-_]/.test(body)) return { ok: false, fault: "url-alphabet" };
  const wrong = [...body].findIndex((character) => !ALPHABET.includes(character));
  if (wrong >= 0) {
    const character = [...body][wrong] ?? "";
    return character === "=" ? { ok: false, fault: "padding-inside" } : { ok: false, fault: "bad-character", character, position: wrong + 1 };
  }
  if (padding > 2) return { ok: false, fault: "padding-inside" };
  const bytes = Math.floor((body.length * 6) / 8);
  if (value.length % 4 !== 0) return { ok: false, fault: "padding", missing: 4 - (value.length % 4), bytes };
  // Bits after the last whole byte must be zero, or two texts would stand for the same material.
  const spare = (body.length * 6) % 8;
  const last = ALPHABET.indexOf(body.at(-1) ?? "A");
  if (spare > 0 && (last & ((1 << spare) - 1)) !== 0) return { ok: false, fault: "not-canonical" };
  if (bytes === 16 || bytes === 24 || bytes === 32) return { ok: true, bits: (bytes * 8) as 128 | 192 | 256 };
  return { ok: false, fault: "length", bytes };
}
