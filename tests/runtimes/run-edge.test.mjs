/**
 * The suite in edge runtimes: workerd through Miniflare and through a Workers project, and Vercel's Edge Runtime, alone and
 * in a Next.js application.
 */

import { spawn } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after } from "node:test";
import { consumer, run } from "./support/consumer.mjs";
import { cell } from "./support/matrix.mjs";

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

/** Where it listens, as it says itself in these words. */
async function address(program, words) {
  let said = "";
  for await (const line of createInterface(program.stdout)) {
    said += `${line}\n`;
    const found = words.exec(line);
    if (found) return found[1];
  }
  throw new Error(`it ended before it was ready:\n${said}`);
}

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

const next = await consumer("next");
const nextEnv = { ...process.env, NEXT_TELEMETRY_DISABLED: "1" };
/** Kinds of route, by the name that Next.js has for where they run. */
const ROUTES = { edge: "Edge Runtime", nodejs: "Node" };

/** The built application, started; gives the process, and where it listens. */
let started;
async function application() {
  await rm(join(next.folder, "app"), { recursive: true, force: true });
  for (const runtime of Object.keys(ROUTES)) {
    await mkdir(join(next.folder, "app", runtime), { recursive: true });
    const route = await readFile(await next.main("route", "envelock", `app/${runtime}/route.js`), "utf8");
    await writeFile(join(next.folder, `app/${runtime}/route.js`), route.replace('runtime = "edge"', `runtime = "${runtime}"`));
  }
  await run(next.bin("next"), ["build"], { cwd: next.folder, env: nextEnv });
  const server = spawn(process.execPath, [next.bin("next"), "start", "--hostname", "127.0.0.1", "--port", "0"], { cwd: next.folder, env: nextEnv });
  return { server, url: await address(server, /Local:\s+(http:\S+)/) };
}
after(async () => (await started)?.server.kill());

for (const [runtime, name] of Object.entries(ROUTES)) {
  cell(`${name} in Next.js`, "envelock", async () => {
    const { url } = await (started ??= application());
    return await (await fetch(`${url}/${runtime}?extent=brief`)).json();
  });
}
