// Service IDs and API keys: read, changed, locked, disabled, found by their value, and removed.
import assert from "node:assert/strict";
import { account, bluemixInstance, clients, failure, refused } from "./clients.mjs";

const { identity } = clients();
const service = (await identity.createServiceId({ accountId: account, name: "deploys-of-node" })).result;
const read = await identity.getServiceId({ id: service.id });
assert.equal(read.result.iam_id, service.iam_id);
const found = (await identity.listServiceIds({ accountId: account, name: "deploys-of-node" })).result.serviceids;
assert.deepEqual(found.map(({ id }) => id), [service.id]);
const changed = await identity.updateServiceId({ id: service.id, ifMatch: read.result.entity_tag, description: "deploys" });
assert.equal(changed.result.description, "deploys");
assert.equal((await identity.lockServiceId({ id: service.id })).result.locked, true);
await failure(409, identity.deleteServiceId({ id: service.id }));
assert.equal((await identity.unlockServiceId({ id: service.id })).result.locked, false);

// An API key shows its value once; whoever has the value finds the key.
const made = (await identity.createApiKey({ name: "ci", iamId: service.iam_id, accountId: account })).result;
const listed = (await identity.listApiKeys({ accountId: account, iamId: service.iam_id })).result.apikeys;
assert.deepEqual(listed.map((one) => [one.id, one.apikey]), [[made.id, undefined]]);
assert.equal((await identity.getApiKeysDetails({ iamApiKey: made.apikey })).result.id, made.id);
const key = (await identity.getApiKey({ id: made.id })).result;
assert.equal((await identity.updateApiKey({ id: made.id, ifMatch: key.entity_tag, name: "ci-2" })).result.name, "ci-2");
await identity.lockApiKey({ id: made.id });
await failure(409, identity.deleteApiKey({ id: made.id }));
await identity.unlockApiKey({ id: made.id });

// Disabled, it gets no more tokens; enabled, it does.
const list = () => clients(made.apikey).kp.getKeys({ bluemixInstance });
await identity.disableApiKey({ id: made.id });
await failure(400, list());
await identity.enableApiKey({ id: made.id });
await refused(401, "UNAUTHORIZED_ERR", list());
assert.equal((await identity.deleteApiKey({ id: made.id })).status, 204);
assert.equal((await identity.deleteServiceId({ id: service.id })).status, 204);
await failure(404, identity.getServiceId({ id: service.id }));
