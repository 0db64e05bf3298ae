/**
 * Runs one group in a page of its own browser.
 *
 * *Invariant:* this package and the peers are bundled, and by the same tool.
 */

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const here = dirname(fileURLToPath(import.meta.url));
const ROOTS = {
  bench: join(here, ".."),
  // Where the bundle of this package looks for the module.
  wasm: join(here, "../../../target/npm/envelock/wasm"),
  bundles: process.env.ENVELOCK_BENCH,
};
const TYPES = { ".js": "text/javascript", ".mjs": "text/javascript", ".json": "application/json", ".wasm": "application/wasm" };
const PAGE = '<!doctype html><title>Bench</title><input type="file">';
// Isolated pages have a clock of 5 µs; others of 100 µs.
const ISOLATED = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--js-flags=--expose-gc"];

/** Serves what pages load. */
export async function serve() {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    if (pathname === "/") return response.writeHead(200, { ...ISOLATED, "content-type": "text/html" }).end(PAGE);
    const [, root, ...rest] = normalize(pathname).split("/");
    const bytes = ROOTS[root] && (await readFile(join(ROOTS[root], ...rest)).catch(() => undefined));
    response.writeHead(bytes ? 200 : 404, { ...ISOLATED, "content-type": TYPES[extname(pathname)] ?? "text/plain" }).end(bytes);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${server.address().port}/`, stop: () => server.close() };
}

/** The outcome of a group, or of one case of it. `task` has `group`, and may have `case`, `quick`, and `file`, which is chosen in the page. */
export async function run(server, task) {
  const browser = await chromium.launch({ executablePath: process.env.ENVELOCK_CHROMIUM, args: FLAGS });
  try {
    const page = await browser.newPage();
    await page.goto(server.url);
    if (task.file) await page.setInputFiles("input", task.file);
    const result = await page.evaluate(async (task) => (await import("/bench/places/page.mjs")).run(task), task);
    return task.case === undefined ? result : { result, peak: await peak(browser) };
  } finally {
    await browser.close();
  }
}

/** KiB, of the largest renderer: the page is the only one that did something. */
async function peak(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  const renderers = processInfo.filter(({ type }) => type === "renderer");
  const status = await Promise.all(renderers.map(({ id }) => readFile(`/proc/${id}/status`, "utf8")));
  return Math.max(...status.map((text) => Number(/^VmHWM:\s+(\d+)/m.exec(text)[1])));
}
