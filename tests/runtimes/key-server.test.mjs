/** The package in Node against a real key server. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { dirname } from "node:path";
import { buffer } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import * as envelock from "envelock";
import { administrator } from "../e2e/support/administrator.mjs";
import { startServer } from "../e2e/support/server.mjs";

const here = dirname(fileURLToPath(import.meta.url));

let server;
let token;
let api;
let createKey;

before(async () => {
  server = await startServer();
  const admin = await administrator(server);
  ({ token, api } = admin);
  createKey = async (...key) => (await admin.createKey(...key)).id;
});

after(() => server.stop());

function client(key, auth = envelock.apiKey(server.api_key), endpoint = server.url, options = {}) {
  return envelock.envelock({ kek: envelock.keyProtect({ endpoint, instance: server.instance, key, auth }), ...options });
}

async function code(promise) {
  return promise.then(() => "opened", (error) => error.code);
}

test("what is sealed under a root key opens while its owner allows it", async () => {
  const key = await createKey("owned");
  const context = { tenant: "t-7" };
  const box = client(key);
  const sealed = await box.seal("attack at dawn", { context });
  assert.equal((await box.open(sealed, { context })).text(), "attack at dawn");
  const [edk] = (await envelock.inspect(sealed)).edks;
  assert.deepEqual([edk.providerId, edk.providerInfo], ["envelock-key-protect-v1", `${server.instance}/${key}`]);

  await api("POST", `/api/v2/keys/${key}/actions/rotate`);
  assert.equal((await box.open(sealed)).text(), "attack at dawn", "after a rotation");
  const newer = await box.seal("newer");
  assert.equal((await box.open(newer)).text(), "newer");

  await api("POST", `/api/v2/keys/${key}/actions/disable`);
  assert.equal(await code(box.open(sealed)), "ERR_KEY_DISABLED");
  assert.equal(await code(box.seal("more")), "ERR_KEY_DISABLED");
  await api("DELETE", `/api/v2/keys/${key}`);
  assert.equal(await code(box.open(sealed)), "ERR_KEY_DELETED");
});

test("a cached data key lives on until its time is over, whatever happens to its root key", async () => {
  const key = await createKey("cached");
  const rewrapped = [];
  const box = client(key, undefined, undefined, { cache: { maxAge: 1500 }, onRewrapped: (copies) => rewrapped.push(copies) });
  const sealed = await box.seal("attack at dawn");
  assert.equal((await box.open(sealed)).text(), "attack at dawn");
  await api("POST", `/api/v2/keys/${key}/actions/disable`);
  assert.equal((await box.open(sealed)).text(), "attack at dawn", "the data key is at hand");
  await box.seal("more");
  assert.deepEqual([box.stats().hits, box.stats().misses.absent], [2, 2]);
  await sleep(1600);
  assert.equal(box.stats().entries, 0, "wiped in time, although nobody asked");
  assert.equal(await code(box.open(sealed)), "ERR_KEY_DISABLED");
  assert.equal(await code(box.seal("more")), "ERR_KEY_DISABLED");
  assert.deepEqual(rewrapped, []);
});

test("after a rotation the fresh copy of a wrapped key is handed out, and opens the same messages", async () => {
  const key = await createKey("rotated");
  const rewrapped = [];
  const onRewrapped = async (copies) => {
    rewrapped.push(copies);
    throw new Error("the record could not be written");
  };
  const box = client(key, undefined, undefined, { onRewrapped });
  const sealed = await box.seal("attack at dawn", { context: { tenant: "t-7" } });
  await box.open(sealed);
  assert.equal(rewrapped.length, 0);
  await api("POST", `/api/v2/keys/${key}/actions/rotate`);
  assert.equal((await box.open(sealed)).text(), "attack at dawn", "whatever the callback does");
  const [{ from, to }] = rewrapped;
  assert.deepEqual([from.providerId, from.providerInfo], [to.providerId, to.providerInfo]);
  assert.equal(Buffer.from(to.providerInfo).toString(), `${server.instance}/${key}`);
  const [before, after] = [from, to].map((copy) => Buffer.from(copy.ciphertext).toString());
  assert.ok(Buffer.from(sealed).includes(before) && before !== after, "from stands in the message");
  await sleep(1);
  assert.equal(box.stats().callbackErrors, 1);
});

test("many who need one data key make one call, and an abort of the first stops none of them", async () => {
  const key = await createKey("together");
  let asked = 0;
  const auth = envelock.bearer(async () => (asked++, token));
  const box = client(key, auth, undefined, { cache: {} });
  const sealed = await Promise.all(Array.from({ length: 20 }, (_, at) => box.seal(`${at}`)));
  assert.equal(asked, 1);
  assert.equal(box.stats().joined, 19);
  const controller = new AbortController();
  const first = box.open(sealed[0], { signal: controller.signal });
  const others = sealed.map((message) => box.open(message));
  const impatient = new AbortController();
  const waiting = box.open(sealed[1], { signal: impatient.signal });
  const reason = new Error("enough");
  impatient.abort(reason);
  assert.equal(await waiting.catch((error) => error), reason);
  controller.abort(reason);
  assert.equal(await first.catch((error) => error), reason);
  assert.deepEqual((await Promise.all(others)).map((opened) => opened.text()), sealed.map((_, at) => `${at}`));
  assert.ok(asked <= 3, `${asked - 1} calls to open`);
});

test("a cached data key does not keep a process from ending", async () => {
  const key = await createKey("ending");
  const script = `
    import { envelock, keyProtect, apiKey } from "envelock";
    const kek = keyProtect({ endpoint: "${server.url}", instance: "${server.instance}", key: "${key}", auth: apiKey("${server.api_key}") });
    await envelock({ kek, cache: {} }).seal("x");`;
  const started = performance.now();
  await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script], { cwd: here });
  assert.ok(performance.now() - started < 30_000);
});

test("a data key at hand outlives its root key, for as long as it is held", async () => {
  const key = await createKey("held");
  const box = client(key);
  const dataKey = await box.dataKey({ context: { tenant: "t-7" } });
  const sealed = dataKey.sealSync("attack at dawn");
  assert.equal((await box.open(sealed, { context: { tenant: "t-7" } })).text(), "attack at dawn");
  await api("POST", `/api/v2/keys/${key}/actions/disable`);
  assert.equal(dataKey.openSync(sealed).text(), "attack at dawn");
  assert.equal(await code(box.open(sealed)), "ERR_KEY_DISABLED");
  dataKey.dispose();
  assert.throws(() => dataKey.openSync(sealed), { code: "ERR_DISPOSED" });
});

test("verify says that all is well, and with which version, or what is wrong", async () => {
  const key = await createKey("verified");
  const [{ providerId, keyVersion }] = await client(key).verify();
  assert.equal(providerId, "envelock-key-protect-v1");
  assert.match(keyVersion, /^[0-9a-f-]{36}$/);
  assert.equal(await code(client(key, envelock.apiKey("wrong")).verify()), "ERR_API_KEY_REFUSED");
  assert.equal(await code(client(key, envelock.bearer(() => "no.such.token")).verify()), "ERR_ACCESS_DENIED");
  assert.equal(await code(client("b0000000-0000-4000-8000-000000000000").verify()), "ERR_KEY_NOT_FOUND");
  await api("POST", `/api/v2/keys/${key}/actions/disable`);
  assert.equal(await code(client(key).verify()), "ERR_KEY_DISABLED");
});

test("a key wears an alias, and either name seals", async () => {
  const id = await createKey("aliased", { aliases: ["invoices"] });
  const sealed = await client("invoices").seal("x");
  assert.equal((await client("invoices").open(sealed)).text(), "x");
  assert.equal(await code(client(id).open(sealed)), "ERR_NO_MATCHING_KEK", "a message names its key as it was given");
  const root = { endpoint: server.url, instance: server.instance, key: id, auth: envelock.bearer(() => token) };
  const both = envelock.envelock({ kek: envelock.keyProtect({ ...root, aliases: ["invoices"] }) });
  assert.equal((await both.open(sealed)).text(), "x", "unless both names are configured");
});

test("a bearer token is asked for at every key call and can be a promise", async () => {
  const key = await createKey("bearer");
  let asked = 0;
  const box = client(key, envelock.bearer(async () => (asked++, token)));
  assert.equal((await box.open(await box.seal("x"))).text(), "x");
  assert.equal(asked, 2);
});

test("failures of the service say whose they are and carry the request id", async () => {
  const key = await createKey("failing");
  const sealed = await client(key).seal("x");
  const failure = (box) => box.open(sealed).then(() => assert.fail("opened"), (error) => error);

  const denied = await failure(client(key, envelock.bearer(() => "no.such.token")));
  assert.deepEqual([denied.code, denied.fault, denied.retryable], ["ERR_ACCESS_DENIED", "service", false]);
  assert.ok(server.stderr().includes(denied.requestId), "the server logged that request id");

  assert.equal((await failure(client(key, envelock.apiKey("wrong")))).code, "ERR_API_KEY_REFUSED");
  const thrown = new Error("signed out");
  const callback = await failure(client(key, envelock.bearer(() => { throw thrown; })));
  assert.deepEqual([callback.code, callback.fault, callback.cause], ["ERR_TOKEN_CALLBACK", "caller", thrown]);
  const missing = await client("b0000000-0000-4000-8000-000000000000").seal("x").catch((error) => error);
  assert.equal(missing.code, "ERR_KEY_NOT_FOUND");
});

test("an endpoint that does not answer is retried, then named; an abort ends the waiting", async () => {
  const key = await createKey("unreachable");
  const sealed = await client(key).seal("x");
  const down = envelock.envelock({
    kek: envelock.keyProtect({ endpoint: "http://127.0.0.1:1", instance: server.instance, key, auth: envelock.bearer(() => token) }),
  });
  const error = await down.open(sealed).catch((thrown) => thrown);
  assert.deepEqual([error.code, error.retryable], ["ERR_UNREACHABLE", true]);
  assert.ok(error.cause instanceof TypeError && error.requestId);
  const reason = new Error("enough");
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), 20);
  assert.equal(await down.open(sealed, { signal: controller.signal }).catch((thrown) => thrown), reason);
});

test("an answer that does not come is given up and asked for again", async () => {
  const key = await createKey("slow");
  const sealed = await client(key).seal("x");
  let asked = 0;
  // Between client and server: keeps the first request for ever, forwards the second.
  const between = createServer(async (request, response) => {
    if (++asked === 1) return;
    const { authorization, "bluemix-instance": instance } = request.headers;
    const forwarded = { method: "POST", headers: { authorization, "bluemix-instance": instance }, body: await buffer(request) };
    const answer = await fetch(server.url + request.url, forwarded);
    response.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text());
  });
  await once(between.listen(0, "127.0.0.1"), "listening");
  try {
    const slow = client(key, envelock.bearer(() => token), `http://127.0.0.1:${between.address().port}`);
    assert.equal((await slow.open(sealed)).text(), "x");
    assert.equal(asked, 2);
  } finally {
    between.closeAllConnections();
    between.close();
  }
});
