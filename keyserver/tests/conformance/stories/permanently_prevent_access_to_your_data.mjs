// Permanently prevent access to your data: deleting the key makes all that it wrapped unreadable; until it is purged, for 30 days
// at most, the deletion can be taken back.
import assert from "node:assert/strict";
import { bluemixInstance, clients, createKey, encryptedInstance, refused, restored, settle, throughInstance } from "./clients.mjs";

const { kp } = clients();

const { id } = await createKey({ name: "doomed" });
const drawn = (await kp.wrapKey({ bluemixInstance, id })).result;
const open = () => kp.unwrapKey({ bluemixInstance, id, keyActionUnwrapBody: { ciphertext: drawn.ciphertext } });
assert.equal((await open()).result.plaintext, drawn.plaintext);

const deleted = await kp.deleteKey({ bluemixInstance, id, prefer: "return=representation" });
assert.equal(deleted.status, 200);
const [key] = deleted.result.resources;
assert.equal(key.state, 5);
assert.equal(key.deleted, true);
const day = 24 * 3600 * 1000;
assert.equal(Date.parse(key.restoreExpirationDate) - Date.parse(key.deletionDate), 30 * day);
assert.equal(Date.parse(key.purgeScheduledOn) - Date.parse(key.deletionDate), 90 * day);

// From the answer on nobody gets in any more, and the key is in no list unless it is asked for.
await refused(410, "KEY_DELETED_ERR", open());
await refused(410, "KEY_DELETED_ERR", kp.wrapKey({ bluemixInstance, id }));
await refused(410, "KEY_DELETED_ERR", kp.rotateKey({ bluemixInstance, id }));
await refused(410, "KEY_DELETED_ERR", kp.deleteKey({ bluemixInstance, id }));
const listed = async (state) => (await kp.getKeys({ bluemixInstance, state })).result.resources.map((one) => one.id);
assert.ok(!(await listed()).includes(id));
assert.ok((await listed([5])).includes(id));

// Taken back, and not at once: the same key, and the data are readable again.
await refused(409, "REQ_TOO_EARLY_ERR", kp.restoreKey({ bluemixInstance, id }));
await settle();
assert.equal((await restored(await kp.restoreKey({ bluemixInstance, id }))).id, id);
assert.equal((await open()).result.plaintext, drawn.plaintext);

// Without representation there is nothing to show.
assert.equal((await kp.deleteKey({ bluemixInstance, id })).status, 204);
await refused(410, "KEY_DELETED_ERR", open());

// What the document asks for: both the encrypted instance and its key.
const { key: last, instance } = await encryptedInstance("ended-of-node");
const service = throughInstance(instance);
const keyActionUnwrapBody = { ciphertext: (await service.wrapKey({ bluemixInstance, id: last.id })).result.ciphertext };
const { resources } = clients();
assert.equal((await resources.deleteResourceInstance({ id: instance.guid })).status, 204);
await refused(410, "RESOURCE_REMOVED_ERR", service.unwrapKey({ bluemixInstance, id: last.id, keyActionUnwrapBody }));
assert.deepEqual((await kp.getRegistrations({ bluemixInstance, id: last.id })).result.resources, []);
assert.equal((await kp.deleteKey({ bluemixInstance, id: last.id })).status, 204);
await refused(410, "KEY_DELETED_ERR", kp.unwrapKey({ bluemixInstance, id: last.id, keyActionUnwrapBody }));
