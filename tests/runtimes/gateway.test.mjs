/** The package in Node against a key server that is a gateway to another one. */

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import * as envelock from "envelock";
import { administrator } from "../e2e/support/administrator.mjs";
import { startServer } from "../e2e/support/server.mjs";

let folder;
let upstream;
let gateway;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "envelock-gateway-"));
  upstream = await startServer();
  const file = join(folder, "api-key");
  await writeFile(file, upstream.api_key, { mode: 0o600 });
  gateway = await startServer([
    ...["--custody", "gateway", "--gateway-url", upstream.url, "--gateway-iam-url", upstream.url],
    ...["--gateway-instance", upstream.instance, "--gateway-api-key-file", file],
  ]);
});

after(async () => {
  await gateway?.stop();
  await upstream?.stop();
  await rm(folder, { recursive: true, force: true });
});

function client({ url, instance, api_key }, key, options = {}) {
  const auth = envelock.apiKey(api_key);
  return envelock.envelock({ kek: envelock.keyProtect({ endpoint: url, instance, key, auth }), ...options });
}

test("what is sealed by way of a gateway opens there, also after a rotation, while the owner of the upstream allows it", async () => {
  const [here, there] = [await administrator(gateway), await administrator(upstream)];
  const key = (await here.createKey("invoices")).id;
  const rewrapped = [];
  const box = client(gateway, key, { onRewrapped: (copies) => rewrapped.push(copies) });
  const context = { tenant: "t-7" };
  const sealed = await box.seal("attack at dawn", { context });
  assert.equal((await box.open(sealed, { context })).text(), "attack at dawn");

  const [held] = (await there.api("GET", "/api/v2/keys")).resources;
  await there.api("POST", `/api/v2/keys/${held.id}/actions/rotate`);
  assert.equal((await box.open(sealed, { context })).text(), "attack at dawn", "after a rotation behind the gateway's back");
  assert.equal(rewrapped.length, 1, "the fresh copy is handed out");
  await there.api("POST", `/api/v2/keys/${held.id}/actions/disable`);
  const refused = await box.open(sealed, { context }).catch((error) => error.code);
  assert.equal(refused, "ERR_KEY_DISABLED", "who owns the upstream decides");
});
