// Restore temporary access: with the authorization created again, the instance starts accepting connections again.
import assert from "node:assert/strict";
import { authorizeStore, bluemixInstance, clients, encryptedInstance, refused, throughInstance } from "./clients.mjs";

const { policies } = clients();
const { key, authorization, instance } = await encryptedInstance("restored-of-node");
const service = throughInstance(instance);
const drawn = (await service.wrapKey({ bluemixInstance, id: key.id })).result;
const keyActionUnwrapBody = { ciphertext: drawn.ciphertext };
const open = async () =>
  (await service.unwrapKey({ bluemixInstance, id: key.id, keyActionUnwrapBody })).result.plaintext;

await policies.deletePolicy({ policyId: authorization });
await refused(403, "SERVICE_AUTHORIZATION_MISSING_ERR", open());
const again = await authorizeStore(policies, key);
assert.notEqual(again, authorization);
assert.equal(await open(), drawn.plaintext);

// Or the removed one is taken back.
await policies.deletePolicy({ policyId: again });
await refused(403, "SERVICE_AUTHORIZATION_MISSING_ERR", open());
const ifMatch = (await policies.getPolicy({ policyId: again })).headers.etag;
assert.equal((await policies.updatePolicyState({ policyId: again, ifMatch, state: "active" })).result.state, "active");
assert.equal(await open(), drawn.plaintext);
