/** The suite in Chromium: the packed files as they are, found by an import map, with no bundler between. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { once } from "node:events";
import { dirname, extname, join, normalize } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const here = dirname(fileURLToPath(import.meta.url));
const ROOTS = { package: join(here, "../../target/npm/envelock"), suite: here, vectors: join(here, "../vectors/message") };
const TYPES = { ".js": "text/javascript", ".mjs": "text/javascript", ".json": "application/json", ".wasm": "application/wasm" };
const IMPORT_MAP = '{ "imports": { "envelock": "/package/entry/browser.js" } }';
const POLICY = "default-src 'self'; script-src 'self' 'nonce-map'";

let files;
let browser;

before(async () => {
  files = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    if (pathname === "/strict" || pathname === "/page") {
      const policy = pathname === "/page" ? `${POLICY} 'wasm-unsafe-eval'` : POLICY;
      response.writeHead(200, { "content-type": "text/html", "content-security-policy": policy });
      response.end(`<!doctype html><title>Suite</title><script type="importmap" nonce="map">${IMPORT_MAP}</script>`);
      return;
    }
    const [, root, ...rest] = normalize(pathname).split("/");
    const bytes = ROOTS[root] && (await readFile(join(ROOTS[root], ...rest)).catch(() => undefined));
    response.writeHead(bytes ? 200 : 404, { "content-type": TYPES[extname(pathname)] ?? "text/plain" });
    response.end(bytes);
  });
  files.listen(0, "127.0.0.1");
  await once(files, "listening");
  browser = await chromium.launch({
    executablePath: process.env.ENVELOCK_CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
});

after(async () => {
  await browser.close();
  files.close();
});

async function open(path) {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${files.address().port}${path}`);
  return page;
}

test("the suite passes in a page", async (t) => {
  const page = await open("/page");
  const load = async () => {
    const vectorFile = async (path) => (await fetch(`/vectors/${path}`)).json();
    const [package_, { cases }, { vectors }, rawAes, commitment] = await Promise.all([
      import("envelock"),
      import("/suite/suite.mjs"),
      vectorFile("esdk-v2.json"),
      vectorFile("official/raw-aes.json"),
      vectorFile("official/commitment-test-vectors.json"),
    ]);
    globalThis.cases = cases(package_, vectors, { rawAes, commitment });
    return Object.keys(globalThis.cases);
  };
  const names = await page.evaluate(load);
  assert.ok(names.length > 10);
  for (const name of names) {
    await t.test(name, async () => {
      const error = await page.evaluate((name) => globalThis.cases[name]().then(() => null, (thrown) => String(thrown?.stack ?? thrown)), name);
      assert.equal(error, null);
    });
  }
});

test("a policy that forbids WebAssembly is named in the error", async () => {
  const page = await open("/strict");
  const error = await page.evaluate(async () => {
    const { inspect } = await import("envelock");
    return inspect(new Uint8Array(9)).then(() => null, ({ code, fault, message }) => ({ code, fault, message }));
  });
  assert.deepEqual([error.code, error.fault], ["ERR_MODULE_NOT_LOADED", "caller"]);
  assert.match(error.message, /'wasm-unsafe-eval'/);
});

test("importing the package loads no module yet", async () => {
  const page = await browser.newPage();
  const asked = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await page.goto(`http://127.0.0.1:${files.address().port}/page`);
  await page.evaluate(async () => {
    const { envelock, rawAes } = await import("envelock");
    globalThis.box = envelock({ kek: rawAes({ namespace: "ns", name: "n", key: new Uint8Array(32) }) });
  });
  assert.ok(!asked.some((path) => path.endsWith(".wasm")), "not before the first call");
  await page.evaluate(() => globalThis.box.seal("x"));
  assert.equal(asked.filter((path) => path.endsWith(".wasm")).length, 1, "once, at the first call");
});
