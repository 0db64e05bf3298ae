// Step 4. Encrypt the service data: another instance of the service, on the Premium plan, made with the name or CRN of a key.
import assert from "node:assert/strict";
import { PLANS, authorizeStore, bluemixInstance, clients, createKey, encryptedInstance, failure, order, throughInstance } from "./clients.mjs";

const { kp, policies, resources } = clients();
const { key, instance } = await encryptedInstance("data-of-node");
assert.equal(instance.state, "active");
assert.equal(instance.parameters.kms_key_crn, key.crn);

// From now on its data keys come from the root key, by way of the instance; other keys are out of its reach.
const service = throughInstance(instance);
const drawn = (await service.wrapKey({ bluemixInstance, id: key.id })).result;
const keyActionUnwrapBody = { ciphertext: drawn.ciphertext };
assert.equal((await service.unwrapKey({ bluemixInstance, id: key.id, keyActionUnwrapBody })).result.plaintext, drawn.plaintext);
assert.equal((await kp.unwrapKey({ bluemixInstance, id: key.id, keyActionUnwrapBody })).result.plaintext, drawn.plaintext);
const other = await createKey({ name: "other-of-node" });
await failure(404, service.wrapKey({ bluemixInstance, id: other.id }));

// By name, where the name means one key.
const named = await createKey({ name: "named-of-node" });
await authorizeStore(policies, named);
const byName = { kms_key_name: "named-of-node", kms_instance: bluemixInstance };
const second = (await order(resources, "by-name-of-node", PLANS.premium, byName)).result;
assert.equal(second.parameters.kms_key_crn, named.crn);

// The rules: Premium only; only at creation; same region; an authorization first; an active root key.
const by = (one) => ({ kms_key_crn: one.crn });
await failure(422, order(resources, "refused", PLANS.standard, by(key)));
const plain = (await order(resources, "plain-of-node", PLANS.premium)).result;
await failure(422, resources.updateResourceInstance({ id: plain.guid, parameters: by(key) }));
await failure(422, order(resources, "refused", PLANS.premium, by(key), "eu-de"));
await failure(403, order(resources, "refused", PLANS.premium, by(other)));
const disabled = await createKey({ name: "disabled-of-node" });
await authorizeStore(policies, disabled);
await kp.disableKey({ bluemixInstance, id: disabled.id });
await failure(409, order(resources, "refused", PLANS.premium, by(disabled)));
