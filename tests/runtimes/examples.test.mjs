/**
 * Every JavaScript example of the documentation runs as it is written, in a project that installs the packed package.
 *
 * An example prints what its `// prints` comments say, several lines parted by "; ". The comment `<!-- with: … -->` in the
 * line before an example names what it goes on from; support/given.mjs makes it. An example without one is a whole program.
 *
 * *Invariant:* the text of an example is not touched.
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { cp, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { after, test } from "node:test";
import { apiKey, envelock, keyProtect } from "envelock";
import { administrator, tokenFor } from "../e2e/support/administrator.mjs";
import { startServer } from "../e2e/support/server.mjs";
import { ROOT, run, tarball } from "./support/consumer.mjs";

const DOCUMENTS = ["README.md", "pkg-config/README.md", "docs/client.md"];

/** The examples of a document, each with what it goes on from, what it prints, and the line it begins in. */
async function examples(document) {
  const text = await readFile(join(ROOT, document), "utf8");
  return [...text.matchAll(/(?:<!-- with: ([^>]*) -->\n)?^```js\n(.*?)^```$/gms)].map(({ 1: given = "", 2: code, index }) => ({
    given: given.split(", ").join(" "),
    code,
    prints: [...code.matchAll(/\/\/ prints (.*)$/gm)].flatMap(([, lines]) => lines.split("; ")),
    name: `${document}:${text.slice(0, index).split("\n").length}`,
  }));
}

const server = await startServer();
const kek = { endpoint: server.url, instance: server.instance, auth: apiKey(server.api_key) };
const { api, createKey } = await administrator(server);
const key = await createKey("invoices", { aliases: ["invoices"] });
const site = await startSite();
const folder = await mkdtemp(join(tmpdir(), "envelock-examples-"));
await writeFile(join(folder, "package.json"), '{ "private": true, "type": "module" }');
await run("npm", ["install", "--offline", "--no-audit", "--no-fund", await tarball()], { cwd: folder });
await cp(join(import.meta.dirname, "support/given.mjs"), join(folder, "given.mjs"));
const documented = (await Promise.all(DOCUMENTS.map(examples))).flat();

after(async () => {
  site.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

test("the package brings no other", async () => {
  const installed = (await readdir(join(folder, "node_modules"))).filter((name) => !name.startsWith("."));
  assert.deepEqual(installed, ["envelock"]);
});

test("there are examples in every document", () => {
  for (const document of DOCUMENTS) assert.ok(documented.some(({ name }) => name.startsWith(document)), document);
});

for (const { name, given, code, prints } of documented) {
  test(name, async () => {
    await writeFile(join(folder, "example.js"), code);
    const { api_key: API_KEY, instance: INSTANCE, url: ENDPOINT } = server;
    const SITE = `http://127.0.0.1:${site.address().port}`;
    const env = { ...process.env, API_KEY, CRN: key.crn, ENDPOINT, GIVEN: given, INSTANCE, KEY: key.id, SITE };
    const before = given === "" ? [] : ["--import", "./given.mjs"];
    const printed = await run(process.execPath, [...before, "example.js"], { cwd: folder, env });
    assert.deepEqual(printed.split("\n").slice(0, -1), prints);
  });
}

/** The application that the examples are part of. */
async function startSite() {
  const box = envelock({ kek: keyProtect({ ...kek, key: key.id }) });
  const stored = await box.seal(new Uint8Array(1_000_000), { context: { tenant: "t-7" } });
  const answers = {
    "GET /token": async (_, response) => response.end(await tokenFor(server, server.api_key)),
    "POST /rotate": async (_, response) => response.end(JSON.stringify(await api("POST", `/api/v2/keys/${key.id}/actions/rotate`))),
    "PUT /upload/17": async (request, response) => (await buffer(request), response.writeHead(204).end()),
    "GET /assets/envelock_bg.wasm": async (_, response) => {
      response.setHeader("content-type", "application/wasm");
      response.end(await readFile(join(folder, "node_modules/envelock/wasm/envelock_bg.wasm")));
    },
    "GET /files/17": (request, response) => {
      const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range);
      const part = stored.subarray(Number(from), Number(to) + 1);
      response.writeHead(206, { "content-range": `bytes ${from}-${Number(from) + part.length - 1}/${stored.length}`, etag: '"1"' }).end(part);
    },
  };
  const listening = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const answer = answers[`${request.method} ${pathname}`] ?? (() => response.writeHead(404).end());
    answer(request, response);
  });
  await once(listening.listen(0, "127.0.0.1"), "listening");
  return listening;
}
