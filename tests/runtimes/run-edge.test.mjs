/** The suite in edge runtimes: workerd through Miniflare and through a Workers project, and Vercel's Edge Runtime. */

import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { consumer } from "./support/consumer.mjs";
import { cell } from "./support/matrix.mjs";
import { address } from "./support/program.mjs";

const workers = await consumer("workers");
const edge = await consumer("edge");
const fromWorkers = createRequire(join(workers.folder, "package.json"));
const fromEdge = createRequire(join(edge.folder, "package.json"));

/** Entries, and how many cases each has to pass. The inline one is not for here, where bytes may not be compiled. */
const ENTRIES = [["envelock", "all"], ["envelock/slim", "brief"], ["envelock/js", "brief"]];

for (const [entry, extent] of ENTRIES) {
  cell("workerd through Miniflare", entry, async () => {
    const { Miniflare } = fromWorkers("miniflare");
    const bundle = join(workers.folder, "dist", `${entry.replace("/", "-")}.js`);
    await fromWorkers("esbuild").build({
      entryPoints: [await workers.main("fetch", entry)],
      bundle: true,
      format: "esm",
      conditions: ["workerd", "worker", "browser"],
      loader: { ".wasm": "copy" },
      outfile: bundle,
    });
    const miniflare = new Miniflare({
      rootPath: workers.folder,
      scriptPath: bundle,
      modules: true,
      modulesRules: [{ type: "CompiledWasm", include: ["**/*.wasm"] }],
      compatibilityDate: "2026-01-01",
      cf: false,
    });
    try {
      return await (await miniflare.dispatchFetch(`http://127.0.0.1/?extent=${extent}`)).json();
    } finally {
      await miniflare.dispose();
    }
  });
}

cell("workerd in a Workers project", "envelock", async () => {
  await workers.main("fetch");
  const env = { ...process.env, CLOUDFLARE_CF_FETCH_ENABLED: "false", WRANGLER_SEND_METRICS: "false", NO_COLOR: "1" };
  const wrangler = spawn(process.execPath, [workers.bin("wrangler"), "dev", "--local", "--ip=127.0.0.1", "--port=0"], { cwd: workers.folder, env });
  try {
    return await (await fetch(`${await address(wrangler, /Ready on (http:\S+)/)}/?extent=all`)).json();
  } finally {
    wrangler.kill();
  }
});

/** What the platform's own bundler does with an imported module: the host compiles it. */
const compiled = {
  name: "compiled modules",
  setup(build) {
    build.onResolve({ filter: /\.wasm(\?module)?$/ }, ({ path }) => ({ path, namespace: "compiled" }));
    build.onLoad({ filter: /.*/, namespace: "compiled" }, () => ({ contents: "export default globalThis.module;" }));
  },
};

for (const [entry, extent] of ENTRIES) {
  cell("Edge Runtime", entry, async () => {
    const { EdgeVM } = fromEdge("@edge-runtime/vm");
    const { outputFiles } = await fromEdge("esbuild").build({
      entryPoints: [await edge.main("global", entry)],
      bundle: true,
      write: false,
      conditions: ["edge-light"],
      plugins: [compiled],
    });
    const module = await WebAssembly.compile(await readFile(fromEdge.resolve("envelock/envelock_bg.wasm")));
    const vm = new EdgeVM({ codeGeneration: { strings: false, wasm: false }, extend: (context) => Object.assign(context, { module, extent }) });
    vm.evaluate(outputFiles[0].text);
    return JSON.parse(JSON.stringify(await vm.context.outcome));
  });
}
