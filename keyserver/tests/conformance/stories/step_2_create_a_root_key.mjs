// Step 2. Add a key. Create a root key: the service generates the material, and it never leaves.
import assert from "node:assert/strict";
import { bluemixInstance, clients, createKey, refused } from "./clients.mjs";

const { kp } = clients();

const key = await createKey({ name: "tenant-root", description: "for the data of one tenant", tags: ["tenant"] });
assert.equal(key.extractable, false);
assert.equal(key.imported, false);
assert.equal(key.algorithmBitSize, 256);
assert.equal(key.state, 1);
assert.equal(key.deleted, false);
assert.equal(key.keyRingID, "default");
assert.match(key.crn, new RegExp(`^crn:v1:bluemix:public:kms:[^:]+:a/[^:]+:${bluemixInstance}:key:${key.id}$`));
for (const absent of ["payload", "lastUpdateDate", "lastRotateDate", "expirationDate"]) assert.ok(!(absent in key), absent);

// Whoever may read the key sees what it is, and nobody sees its material.
const read = (await kp.getKey({ bluemixInstance, id: key.id })).result.resources[0];
assert.deepEqual({ ...read }, { ...key });
const listed = (await kp.getKeys({ bluemixInstance, extractable: false })).result.resources;
assert.ok(listed.some(({ id }) => id === key.id));
assert.ok(Number((await kp.getKeyCollectionMetadata({ bluemixInstance })).headers["key-total"]) >= 1);

// A data key of 32 bytes is drawn, returned once beside its wrapped form, and comes back from it.
const drawn = (await kp.wrapKey({ bluemixInstance, id: key.id })).result;
assert.equal(Buffer.from(drawn.plaintext, "base64").length, 32);
assert.equal(drawn.keyVersion.id, key.keyVersion.id);
const body = { ciphertext: drawn.ciphertext };
const opened = (await kp.unwrapKey({ bluemixInstance, id: key.id, keyActionUnwrapBody: body })).result;
assert.equal(opened.plaintext, drawn.plaintext);

// A name is needed, and one key is made at a time.
await refused(400, "INVALID_FIELD_ERR", createKey({}));
await refused(400, "INVALID_FIELD_ERR", createKey({ name: "x" }));
