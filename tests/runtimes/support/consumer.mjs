/**
 * Projects that use the packed package as anybody would: the tarball unpacked into their `node_modules`.
 *
 * *Invariant:* a project sees the tarball, the suite and its own files, and nothing else of the checkout.
 */

import { execFile } from "node:child_process";
import { cp, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** The checkout. */
export const ROOT = join(import.meta.dirname, "../../..");

/** Runs a program to its end; resolves with what it printed. */
export async function run(program, args, options = {}) {
  const { stdout } = await promisify(execFile)(program, args, { maxBuffer: 2 ** 26, ...options });
  return stdout;
}

/** How users of the slim entry find the module in each kind of project. */
const GIVEN = {
  program: `import { readFile } from "node:fs/promises";
envelock.useModule(() => readFile(new URL(import.meta.resolve("envelock/envelock_bg.wasm"))));\n`,
  page: `envelock.useModule(new URL("./node_modules/envelock/wasm/envelock_bg.wasm", import.meta.url));\n`,
  fetch: `import module from "envelock/envelock_bg.wasm";\nenvelock.useModule(module);\n`,
  global: `import module from "envelock/envelock_bg.wasm?module";\nenvelock.useModule(module);\n`,
};

/** The project of this name, with the package of the last build and the suite in it. */
export async function consumer(name) {
  const folder = join(ROOT, "target/packaging", name);
  const installed = join(folder, "node_modules/envelock");
  await rm(installed, { recursive: true, force: true });
  await mkdir(installed, { recursive: true });
  await run("tar", ["--extract", "--gzip", "--file", await tarball(), "--directory", installed, "--strip-components=1"]);
  const suite = join(ROOT, "tests/runtimes");
  for (const part of ["suite.mjs", "run.mjs", "send.mjs", "loading.mjs", "cases"]) await cp(join(suite, part), join(folder, part), { recursive: true });
  await writeFile(join(folder, "vectors.mjs"), await vectors());
  return {
    folder,
    bin: (program) => join(folder, "node_modules/.bin", program),
    /** Writes the main script of a kind, importing an entry of the package; returns its path. */
    async main(kind, entry = "envelock", file = `${kind}-${entry.replace("/", "-")}.js`) {
      const text = await readFile(join(ROOT, "tests/packaging/main", `${kind}.js`), "utf8");
      const first = `import * as envelock from ${JSON.stringify(entry)};\n${/\bslim\b/.test(entry) ? GIVEN[kind] : ""}`;
      await writeFile(join(folder, file), text.replace('import * as envelock from "envelock";\n', first));
      return join(folder, file);
    },
  };
}

/** The published messages as a script, as not every runtime and bundler takes JSON. */
async function vectors() {
  const file = async (path) => JSON.parse(await readFile(join(ROOT, "tests/vectors/message", path), "utf8"));
  const official = {
    rawAes: await file("official/raw-aes.json"),
    commitment: await file("official/commitment-test-vectors.json"),
  };
  const named = { vectors: (await file("esdk-v2.json")).vectors, official };
  return Object.entries(named).map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};\n`).join("");
}

/** The package as it would be published. */
export async function tarball() {
  const packed = join(ROOT, "target/npm");
  const [file] = (await readdir(packed)).filter((name) => name.endsWith(".tgz"));
  return join(packed, file);
}
