// Prints, as JSON, how large the wasm module is and how large all JavaScript that a browser loads with it is.
// Follows the imports of the package's own entry for browsers; usage: node size.mjs PACKAGE_FOLDER
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";

const folder = process.argv[2];
const { exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));

/** The file that the conditions of a browser select. */
function resolve(target) {
  if (typeof target === "string") return target;
  const condition = Object.keys(target).find((name) => ["browser", "import", "module", "default"].includes(name));
  if (condition === undefined) throw new Error("the package has no entry for browsers");
  return resolve(target[condition]);
}

const seen = new Set();
// What is imported dynamically is loaded in rare cases only, and not counted.
function follow(file) {
  if (seen.has(file)) return;
  seen.add(file);
  const specifier = /(?:\bfrom\s*|\bimport\s+)["'](\.[^"']+)["']/g;
  for (const [, path] of readFileSync(file, "utf8").matchAll(specifier)) follow(join(dirname(file), path));
}
follow(join(folder, resolve(exports["."])));

const size = (bytes) => ({
  raw: bytes.length,
  gzip: gzipSync(bytes, { level: 9 }).length,
  brotli: brotliCompressSync(bytes).length,
});
const javascript = Buffer.concat([...seen].sort().map((file) => readFileSync(file)));
const wasm = readFileSync(join(folder, "wasm", "envelock_bg.wasm"));
console.log(JSON.stringify({ wasm: size(wasm), javascript: { files: seen.size, ...size(javascript) } }));
