/**
 * What a page loads to seal and open: this package and the peers, minified and compressed.
 *
 * *Invariant:* everything is bundled by the same tool with the same settings.
 */

import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";

const MODULE = join(dirname(fileURLToPath(import.meta.url)), "../../target/npm/envelock/wasm/envelock_bg.wasm");
const KB = 1000;
/** Compressed, in KB: script and module together, and the script that loads before the module is needed. */
const ALL = 45;
const SCRIPT = 8;

/** The part of the report, from the bundles by name. */
export async function sizes({ envelock, ...peers }) {
  const module = await readFile(MODULE);
  const [script, wasm] = [envelock, module].map((bytes) => brotliCompressSync(bytes).length / KB);
  const limit = (value, limit, what) => ({ value, limit, unit: " KB", what });
  const shown = (bytes, compressed) => [(bytes / KB).toFixed(1), compressed.toFixed(1)];
  return {
    title: "size in KB, minified",
    head: ["", "raw", "brotli", "target"],
    rows: [
      ["envelock, script", ...shown(envelock.length, script), limit(script, SCRIPT, "script")],
      ["envelock, module", ...shown(module.length, wasm), ""],
      ["envelock, everything", ...shown(envelock.length + module.length, script + wasm), limit(script + wasm, ALL, "everything")],
      ...Object.entries(peers).map(([name, bytes]) => [name, ...shown(bytes.length, brotliCompressSync(bytes).length / KB), ""]),
    ],
  };
}
