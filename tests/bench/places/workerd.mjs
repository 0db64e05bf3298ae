/**
 * Runs a group in an isolate of Cloudflare's runtime, through Miniflare.
 *
 * *Invariant:* nothing is measured by a clock that stands still: on Cloudflare's own machines it does while code runs.
 */

import { createRequire } from "node:module";
import { join } from "node:path";

/** `project` is the folder where Miniflare is installed; the isolate's script is written to `folder`. */
export async function run({ project, folder }, { group, quick }) {
  const from = createRequire(join(project, "package.json"));
  const script = join(folder, "workerd", `${group}.js`);
  await from("esbuild").build({
    entryPoints: [join(import.meta.dirname, "isolate.mjs")],
    alias: { "the-group": join(import.meta.dirname, `../groups/${group}.mjs`) },
    bundle: true,
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
    loader: { ".wasm": "copy" },
    outfile: script,
  });
  const { Miniflare } = from("miniflare");
  const isolate = new Miniflare({
    rootPath: join(folder, "workerd"),
    scriptPath: script,
    modules: true,
    modulesRules: [{ type: "CompiledWasm", include: ["**/*.wasm"] }],
    compatibilityDate: "2026-01-01",
    cf: false,
  });
  try {
    const answer = await isolate.dispatchFetch(`http://127.0.0.1/${quick ? "?quick" : ""}`);
    if (!answer.ok) throw new Error(await answer.text());
    return await answer.json();
  } finally {
    await isolate.dispose();
  }
}
