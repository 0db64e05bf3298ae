// Step 1. Create the Key Protect instance that holds the root keys, in the region of the services to be encrypted.
import assert from "node:assert/strict";
import { PLANS, clients, createKey, failure, order, refused, region } from "./clients.mjs";

const { kp, resources } = clients();
const made = await order(resources, "keys-of-node", PLANS.keyProtect);
assert.equal(made.status, 201);
const { guid, crn, state, region_id } = made.result;
assert.deepEqual([state, region_id], ["active", region]);
assert.match(crn, new RegExp(`^crn:v1:bluemix:public:kms:${region}:a/[^:]+:${guid}::$`));

// It is among the resources, found by its GUID and its CRN, and holds keys of its own at once.
const listed = (await resources.listResourceInstances({ name: "keys-of-node" })).result.resources;
assert.deepEqual(listed.map((one) => one.guid), [guid]);
assert.equal((await resources.getResourceInstance({ id: guid })).result.crn, crn);
assert.equal((await resources.getResourceInstance({ id: crn })).result.guid, guid);
const key = await createKey({ name: "first-key" }, { instance: guid });
assert.ok(key.crn.startsWith(crn.slice(0, -1)));
assert.deepEqual((await kp.getKeys({ bluemixInstance: guid })).result.resources.map(({ id }) => id), [key.id]);

// It is renamed, locked, and not deleted while it holds a key.
assert.equal((await resources.updateResourceInstance({ id: guid, name: "renamed-of-node" })).result.name, "renamed-of-node");
assert.equal((await resources.lockResourceInstance({ id: guid })).result.locked, true);
assert.equal((await resources.unlockResourceInstance({ id: guid })).result.locked, false);
await failure(409, resources.deleteResourceInstance({ id: guid }));
await kp.deleteKey({ bluemixInstance: guid, id: key.id });
assert.equal((await resources.deleteResourceInstance({ id: guid })).status, 204);
await refused(401, "UNAUTHORIZED_ERR", kp.getKeys({ bluemixInstance: guid }));

// A deleted instance waits to be restored or removed for good.
const waiting = (await resources.listReclamations({})).result.resources.find((one) => one.resource_instance_id === guid);
assert.ok(waiting);
assert.equal((await resources.runReclamationAction({ id: waiting.id, actionName: "restore" })).status, 200);
assert.equal((await resources.getResourceInstance({ id: guid })).result.state, "active");
