// Step 2. Add a key. Import a key: base64 of 128, 192 or 256 bits that the customer brings.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { bluemixInstance, clients, createKey, refused } from "./clients.mjs";

const { kp } = clients();
const material = (bytes) => randomBytes(bytes).toString("base64");
const wrap = async (id) => (await kp.wrapKey({ bluemixInstance, id })).result;
const unwrap = (id, ciphertext) => kp.unwrapKey({ bluemixInstance, id, keyActionUnwrapBody: { ciphertext } });

for (const bytes of [16, 24, 32]) {
  const key = await createKey({ name: `brought-${bytes * 8}`, payload: material(bytes) });
  assert.equal(key.imported, true);
  assert.equal(key.algorithmMetadata.bitLength, String(bytes * 8));
  assert.ok(!("payload" in key), "the material of a root key is shown to nobody");
  assert.ok(!("payload" in (await kp.getKey({ bluemixInstance, id: key.id })).result.resources[0]));
  const drawn = await wrap(key.id);
  assert.equal((await unwrap(key.id, drawn.ciphertext)).result.plaintext, drawn.plaintext);
}

// Other lengths and other alphabets are refused.
for (const payload of [material(15), material(33), "not base64!", "", "_".repeat(42) + "8="]) {
  await refused(400, "INVALID_FIELD_ERR", createKey({ name: "refused", payload }));
}

// The same material is the same key to whoever kept it: that is how a lost instance is replaced.
const kept = material(32);
const [first, second] = [await createKey({ name: "first", payload: kept }), await createKey({ name: "second", payload: kept })];
const drawn = await wrap(first.id);
assert.equal((await unwrap(second.id, drawn.ciphertext)).result.plaintext, drawn.plaintext);
const stranger = await createKey({ name: "stranger", payload: material(32) });
await refused(422, "UNPROCESSABLE_CIPHERTEXT_ERR", unwrap(stranger.id, drawn.ciphertext));
