// Key rings: groups of keys that access can be limited to.
import assert from "node:assert/strict";
import { bluemixInstance, clients, createKey, refused } from "./clients.mjs";

const { kp } = clients();
const keyRingId = "ring-of-node";
const rings = async () => (await kp.listKeyRings({ bluemixInstance })).result.resources.map(({ id }) => id);

assert.ok((await rings()).includes("default"));
assert.equal((await kp.createKeyRing({ bluemixInstance, keyRingId })).status, 201);
assert.ok((await rings()).includes(keyRingId));

const body = { metadata: { collectionType: "application/vnd.ibm.kms.key+json", collectionTotal: 1 } };
const resources = [{ type: "application/vnd.ibm.kms.key+json", name: "ringed", extractable: false }];
const made = await kp.createKey({ bluemixInstance, xKmsKeyRing: keyRingId, body: { ...body, resources } });
const { id, keyRingID } = made.result.resources[0];
assert.equal(keyRingID, keyRingId);

// A key is found in its own ring, or without naming one.
await kp.getKeyMetadata({ bluemixInstance, id, xKmsKeyRing: keyRingId });
await kp.getKeyMetadata({ bluemixInstance, id });
await refused(404, "KEY_NOT_FOUND_ERR", kp.getKeyMetadata({ bluemixInstance, id, xKmsKeyRing: "default" }));
const other = await createKey({ name: "elsewhere" });
const listed = (await kp.getKeys({ bluemixInstance, xKmsKeyRing: keyRingId })).result.resources;
assert.deepEqual(listed.map((key) => key.id), [id]);
assert.notEqual(other.id, id);

// A ring with keys stays.
await refused(409, "KEY_RING_KEYS_NOT_DELETED_ERR", kp.deleteKeyRing({ bluemixInstance, keyRingId }));
await kp.createKeyRing({ bluemixInstance, keyRingId: "empty-of-node" });
assert.equal((await kp.deleteKeyRing({ bluemixInstance, keyRingId: "empty-of-node" })).status, 204);
