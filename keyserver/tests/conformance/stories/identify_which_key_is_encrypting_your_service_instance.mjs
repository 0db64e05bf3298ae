// Identify which key is encrypting your service instance, and what a key encrypts.
import assert from "node:assert/strict";
import { bluemixInstance, clients, encryptedInstance, refused } from "./clients.mjs";

const { kp, resources } = clients();
const { key, instance } = await encryptedInstance("identified-of-node");

// The instance says so itself.
const shown = (await resources.getResourceInstance({ id: instance.crn })).result;
assert.equal(shown.parameters.kms_key_crn, key.crn);
assert.equal(shown.extensions.encryption.key, key.id);
assert.equal(shown.extensions.encryption.kms_instance, bluemixInstance);

// From the instance to the key, also with the name encoded by a caller who takes the parameter at its word.
for (const urlEncodedResourceCrnQuery of [instance.crn, encodeURIComponent(instance.crn)]) {
  const found = await kp.getRegistrationsAllKeys({ bluemixInstance, urlEncodedResourceCrnQuery });
  assert.deepEqual(found.result.resources.map(({ keyId }) => keyId), [key.id]);
}
// From the key to the instance.
const [registration] = (await kp.getRegistrations({ bluemixInstance, id: key.id })).result.resources;
assert.equal(registration.resourceCrn, instance.crn);
assert.equal(registration.keyVersion.id, key.keyVersion.id);

// Such a key is not deleted by mistake.
await refused(409, "PROTECTED_RESOURCE_ERR", kp.deleteKey({ bluemixInstance, id: key.id }));
