// Prints, as JSON, how large the module is, how large the JavaScript that a browser needs before it, and both together.
// Counts what a bundler would make of the package's own entry for browsers; usage: node size.mjs PACKAGE_FOLDER ESBUILD
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const [folder, esbuild] = process.argv.slice(2);
const { exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
const entry = join(folder, exports["."].browser);
// The copy of the module as text is asked for only where the module's file did not come along.
const options = ["--bundle", "--minify", "--format=esm", "--external:../wasm/embedded.js", "--log-level=error"];

const size = (bytes) => ({
  raw: bytes.length,
  gzip: gzipSync(bytes, { level: 9 }).length,
  brotli: brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }).length,
});
const wasm = size(readFileSync(join(folder, "wasm", "envelock_bg.wasm")));
const javascript = size(execFileSync(esbuild, [entry, ...options]));
const all = Object.fromEntries(Object.keys(wasm).map((kind) => [kind, wasm[kind] + javascript[kind]]));
console.log(JSON.stringify({ wasm, javascript, all }));
