/** The package in Node and a service instance of a real key server: data that its owner can take back. */

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import * as envelock from "envelock";
import { administrator, tokenFor } from "../e2e/support/administrator.mjs";
import { startServer } from "../e2e/support/server.mjs";

const PREMIUM = "d0e36c1a-94b7-4f6d-b2c8-58a1f7e24d03";

let server;
let token;
let api;
let createKey;

before(async () => {
  server = await startServer();
  ({ token, api, createKey } = await administrator(server));
});

after(() => server.stop());

function attributes(pairs) {
  return [{ attributes: Object.entries(pairs).map(([name, value]) => ({ name, value })) }];
}

/** Step 3 of the story: the service may use the keys of the Key Protect instance. */
async function authorize(key) {
  const { id } = await api("POST", "/v1/policies", {
    type: "authorization",
    subjects: attributes({ accountId: server.account, serviceName: "envelock-objects" }),
    roles: [{ role_id: "crn:v1:bluemix:public:iam::::serviceRole:Reader" }],
    resources: attributes({
      accountId: server.account, serviceName: "kms", serviceInstance: server.instance, resourceType: "key", resource: key.id,
    }),
  });
  return id;
}

/** Step 4: an instance encrypted by the key. */
async function encryptedBy(key) {
  const parameters = { kms_key_crn: key.crn };
  const order = { name: key.name, target: server.region, resource_group: "default", resource_plan_id: PREMIUM, parameters };
  return api("POST", "/v2/resource_instances", order);
}

/** Someone who has these roles on this instance and nothing else. */
async function someone(instance, role) {
  const { iam_id } = await api("POST", "/v1/serviceids", { account_id: server.account, name: role });
  const made = await api("POST", "/v1/apikeys", { name: role, iam_id, account_id: server.account });
  await api("POST", "/v1/policies", {
    type: "access",
    subjects: attributes({ iam_id }),
    roles: [{ role_id: `crn:v1:bluemix:public:iam::::serviceRole:${role}` }],
    resources: attributes({ accountId: server.account, serviceName: "envelock-objects", serviceInstance: instance.guid }),
  });
  return made.apikey;
}

/** The unmodified client, with the instance as its key service. */
function client(instance, key, apiKey) {
  const endpoint = `${server.url}/services/v1/${instance.guid}`;
  const kek = envelock.keyProtect({ endpoint, instance: server.instance, key: key.id, auth: envelock.apiKey(apiKey) });
  return envelock.envelock({ kek });
}

function store(instance, bearer) {
  const at = (name) => `${server.url}${instance.extensions.objects_path}/${encodeURIComponent(name)}`;
  const send = (method, name, init = {}) =>
    fetch(at(name), { method, ...init, headers: { authorization: `Bearer ${bearer}`, ...init.headers } });
  return {
    put: (name, body, headers) => send("PUT", name, { body, headers, duplex: "half" }),
    get: (name, headers) => send("GET", name, { headers }),
    delete: (name) => send("DELETE", name),
    /** What openFile reads from. */
    async reader(name) {
      const head = await send("HEAD", name);
      assert.equal(head.status, 200);
      return {
        size: Number(head.headers.get("content-length")),
        async read(start, end) {
          const part = await send("GET", name, { headers: { range: `bytes=${start}-${end - 1}` } });
          assert.equal(part.status, 206);
          return new Uint8Array(await part.arrayBuffer());
        },
      };
    },
  };
}

async function codeOf(answer) {
  return [answer.status, (await answer.json()).resources[0].reasons?.[0].code];
}

async function code(promise) {
  return promise.then(() => "opened", (error) => error.code);
}

test("what is sealed for an instance is stored there, read in parts, and opened by others who may", async () => {
  const key = await createKey("story");
  await authorize(key);
  const instance = await encryptedBy(key);
  assert.equal(instance.parameters.kms_key_crn, key.crn);
  const [writer, reader] = [await someone(instance, "Writer"), await someone(instance, "Reader")];
  const objects = store(instance, await tokenFor(server, writer));
  const context = { tenant: "t-7" };
  const box = client(instance, key, writer);

  const small = await box.seal("attack at dawn", { context });
  const sha256 = createHash("sha256").update(small).digest("base64");
  const put = await objects.put("orders/1", small, { "content-digest": `sha-256=:${sha256}:` });
  assert.deepEqual([put.status, put.headers.get("repr-digest")], [201, `sha-256=:${sha256}:`]);
  const theirs = store(instance, await tokenFor(server, reader));
  const got = new Uint8Array(await (await theirs.get("orders/1")).arrayBuffer());
  assert.equal((await client(instance, key, reader).open(got, { context })).text(), "attack at dawn");
  assert.deepEqual(await codeOf(await theirs.put("orders/2", small)), [401, "UNAUTHORIZED_ERR"]);

  const plain = randomBytes(5_000_000);
  const streamed = await objects.put("video", box.sealStream(new Blob([plain])));
  assert.equal(streamed.status, 201, await streamed.clone().text());
  const file = await client(instance, key, reader).openFile(await theirs.reader("video"));
  assert.equal(file.size, plain.length);
  assert.deepEqual(Buffer.from(await (await file.slice(4_000_000, 4_000_100)).arrayBuffer()), plain.subarray(4_000_000, 4_000_100));

  const direct = envelock.keyProtect({ endpoint: server.url, instance: server.instance, key: key.id, auth: envelock.apiKey(server.api_key) });
  assert.equal((await envelock.envelock({ kek: direct }).open(got, { context })).text(), "attack at dawn", "the owner of the key opens it too");
});

test("plaintext, and what is sealed under another key, is not stored", async () => {
  const [key, other] = [await createKey("strict"), await createKey("other")];
  await authorize(key);
  const instance = await encryptedBy(key);
  const objects = store(instance, token);
  assert.deepEqual(await codeOf(await objects.put("x", "plaintext")), [422, "OBJECT_NOT_SEALED_ERR"]);
  const root = (id) => envelock.keyProtect({ endpoint: server.url, instance: server.instance, key: id, auth: envelock.apiKey(server.api_key) });
  const elsewhere = await envelock.envelock({ kek: root(other.id) }).seal("x");
  assert.deepEqual(await codeOf(await objects.put("x", elsewhere)), [422, "OBJECT_KEY_MISMATCH_ERR"]);
  const both = await envelock.envelock({ kek: envelock.anyOf(root(key.id), root(other.id)) }).seal("x");
  assert.deepEqual(await codeOf(await objects.put("x", both)), [422, "OBJECT_KEY_MISMATCH_ERR"]);
  assert.equal(await code(client(instance, other, server.api_key).seal("x")), "ERR_KEY_NOT_FOUND");
  const right = await envelock.envelock({ kek: root(key.id) }).seal("x");
  assert.deepEqual(await codeOf(await objects.put("x", right.subarray(0, right.length - 1))), [422, "OBJECT_DAMAGED_ERR"]);
  assert.equal((await objects.put("x", right)).status, 201);
});

test("the owner of the key pauses, restores and ends access", async () => {
  const key = await createKey("paused");
  let authorization = await authorize(key);
  const instance = await encryptedBy(key);
  const objects = store(instance, token);
  const box = client(instance, key, server.api_key);
  const sealed = await box.seal("attack at dawn");
  assert.equal((await objects.put("x", sealed)).status, 201);

  await api("DELETE", `/v1/policies/${authorization}`);
  assert.deepEqual(await codeOf(await objects.get("x")), [403, "SERVICE_AUTHORIZATION_MISSING_ERR"]);
  assert.equal(await code(box.open(sealed)), "ERR_ACCESS_DENIED");
  authorization = await authorize(key);
  assert.equal((await objects.get("x")).status, 200);
  assert.equal((await box.open(sealed)).text(), "attack at dawn");

  await api("POST", `/api/v2/keys/${key.id}/actions/disable`);
  assert.deepEqual(await codeOf(await objects.get("x")), [409, "KEY_ACTION_INVALID_STATE_ERR"]);
  assert.equal(await code(box.open(sealed)), "ERR_KEY_DISABLED");

  await api("DELETE", `/v2/resource_instances/${instance.guid}`);
  assert.deepEqual(await codeOf(await objects.get("x")), [410, "RESOURCE_REMOVED_ERR"]);
  await api("DELETE", `/api/v2/keys/${key.id}`);
  const direct = envelock.keyProtect({ endpoint: server.url, instance: server.instance, key: key.id, auth: envelock.apiKey(server.api_key) });
  assert.equal(await code(envelock.envelock({ kek: direct }).open(sealed)), "ERR_KEY_DELETED");
});
