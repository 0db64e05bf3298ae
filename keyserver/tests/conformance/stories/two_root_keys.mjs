// The life of two root keys, and what can be looked up.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { bluemixInstance, clients, createKey, refused, restored, settle } from "./clients.mjs";

const { kp } = clients();
const aad = ["tenant-7"];

async function create(resource) {
  const key = await createKey(resource);
  assert.equal(key.state, 1);
  assert.equal(key.deleted, false);
  assert.equal(key.lastUpdateDate, undefined);
  assert.equal(key.lastRotateDate, undefined);
  assert.equal(key.payload, undefined);
  assert.equal(key.algorithmMetadata.bitLength, String(key.algorithmBitSize));
  return key;
}

const wrap = (id, body) => kp.wrapKey({ bluemixInstance, id, keyActionWrapBody: body });
const unwrap = (id, body) => kp.unwrapKey({ bluemixInstance, id, keyActionUnwrapBody: body });
const rewrap = (id, body) => kp.rewrapKey({ bluemixInstance, id, keyActionRewrapBody: body });
const metadata = async (id) => (await kp.getKeyMetadata({ bluemixInstance, id })).result.resources[0];
const versions = async (id) => (await kp.getKeyVersions({ bluemixInstance, id })).result.resources;

async function generated() {
  const { id } = await create({ name: "conformance-node-generated" });

  const drawn = await wrap(id, { aad });
  assert.equal(Buffer.from(drawn.result.plaintext, "base64").length, 32);
  const given = randomBytes(36).toString("base64");
  const wrapped = await wrap(id, { plaintext: given });
  assert.equal(wrapped.result.plaintext, undefined);
  assert.equal((await unwrap(id, { ciphertext: wrapped.result.ciphertext })).result.plaintext, given);
  assert.equal((await versions(id))[0].id, wrapped.result.keyVersion.id);
  await refused(422, "UNPROCESSABLE_CIPHERTEXT_ERR", unwrap(id, { ciphertext: drawn.result.ciphertext }));
  const empty = await kp.wrapKey({ bluemixInstance, id });
  assert.equal(Buffer.from(empty.result.plaintext, "base64").length, 32);

  const rotated = await kp.rotateKey({ bluemixInstance, id });
  assert.equal(rotated.status, 204);
  assert.equal((await versions(id)).length, 2);
  const after = await unwrap(id, { ciphertext: drawn.result.ciphertext, aad });
  assert.equal(after.result.plaintext, drawn.result.plaintext);
  assert.equal(after.result.keyVersion.id, drawn.result.keyVersion.id);
  assert.equal(after.result.rewrappedKeyVersion.id, (await versions(id))[0].id);
  const again = await rewrap(id, { ciphertext: drawn.result.ciphertext, aad });
  assert.equal(again.result.plaintext, undefined);
  for (const { result } of [after, again]) {
    const fresh = await unwrap(id, { ciphertext: result.ciphertext, aad });
    assert.equal(fresh.result.plaintext, drawn.result.plaintext);
    assert.equal(fresh.result.ciphertext, undefined);
  }
  await refused(409, "KEY_ROTATION_NOT_PERMITTED", kp.rotateKey({ bluemixInstance, id }));

  assert.equal((await kp.disableKey({ bluemixInstance, id })).status, 204);
  assert.equal((await metadata(id)).state, 2);
  const lost = { ciphertext: drawn.result.ciphertext, aad };
  await refused(409, "KEY_ACTION_INVALID_STATE_ERR", unwrap(id, lost));
  await refused(409, "REQ_TOO_EARLY_ERR", kp.enableKey({ bluemixInstance, id }));
  await settle();
  assert.equal((await kp.enableKey({ bluemixInstance, id })).status, 204);
  assert.equal((await unwrap(id, lost)).result.plaintext, drawn.result.plaintext);
}

async function imported() {
  const material = randomBytes(24).toString("base64");
  const { id, imported } = await create({ name: "conformance-node-imported", payload: material });
  assert.equal(imported, true);
  await refused(400, "INVALID_FIELD_ERR", create({ name: "too short", payload: "AAAA" }));
  const wrapped = await wrap(id, { aad });
  await refused(400, "KEY_PAYLOAD_REQ_ERR", kp.rotateKey({ bluemixInstance, id }));
  const payload = randomBytes(24).toString("base64");
  assert.equal((await kp.rotateKey({ bluemixInstance, id, keyActionRotateBody: { payload } })).status, 204);

  const deleted = await kp.deleteKey({ bluemixInstance, id, prefer: "return=representation" });
  assert.equal(deleted.status, 200);
  assert.equal(deleted.result.resources[0].state, 5);
  const lost = { ciphertext: wrapped.result.ciphertext, aad };
  await refused(410, "KEY_DELETED_ERR", unwrap(id, lost));
  await refused(410, "KEY_DELETED_ERR", kp.deleteKey({ bluemixInstance, id }));
  await settle();
  assert.equal((await restored(await kp.restoreKey({ bluemixInstance, id }))).id, id);
  assert.equal((await unwrap(id, lost)).result.plaintext, wrapped.result.plaintext);
}

async function looking() {
  const { id } = await create({ name: "conformance-node-listed", aliases: ["conformance-node-alias"] });
  const total = await kp.getKeyCollectionMetadata({ bluemixInstance });
  assert.ok(Number(total.headers["key-total"]) >= 1);
  const listed = await kp.getKeys({ bluemixInstance, limit: 5000 });
  assert.ok(listed.result.resources.some((key) => key.id === id));
  assert.equal((await metadata("conformance-node-alias")).id, id);
  assert.equal((await kp.getKey({ bluemixInstance, id })).result.resources[0].crn.split(":").length, 10);
  const nobody = "00000000-0000-4000-8000-000000000000";
  await refused(404, "KEY_NOT_FOUND_ERR", kp.getKeyMetadata({ bluemixInstance, id: nobody }));
  await refused(401, "UNAUTHORIZED_ERR", kp.getKeys({ bluemixInstance: nobody }));
}

await Promise.all([generated(), imported(), looking()]);
