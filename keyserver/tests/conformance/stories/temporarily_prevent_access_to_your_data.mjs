// Temporarily prevent access to your data: without the authorization the instance cannot reach its key, so not its data.
import assert from "node:assert/strict";
import { bluemixInstance, clients, encryptedInstance, refused, throughInstance } from "./clients.mjs";

const { policies, resources } = clients();
const { key, authorization, instance } = await encryptedInstance("paused-of-node");
const service = throughInstance(instance);
const drawn = (await service.wrapKey({ bluemixInstance, id: key.id })).result;
const keyActionUnwrapBody = { ciphertext: drawn.ciphertext };
const open = () => service.unwrapKey({ bluemixInstance, id: key.id, keyActionUnwrapBody });
assert.equal((await open()).result.plaintext, drawn.plaintext);

const removed = Date.now();
assert.equal((await policies.deletePolicy({ policyId: authorization })).status, 204);
await refused(403, "SERVICE_AUTHORIZATION_MISSING_ERR", open());
await refused(403, "SERVICE_AUTHORIZATION_MISSING_ERR", service.wrapKey({ bluemixInstance, id: key.id }));
assert.ok(Date.now() - removed < 1000, "within a second");

// The instance is still there, and so is the key for its owner.
assert.equal((await resources.getResourceInstance({ id: instance.guid })).result.state, "active");
const { kp } = clients();
assert.equal((await kp.unwrapKey({ bluemixInstance, id: key.id, keyActionUnwrapBody })).result.plaintext, drawn.plaintext);
