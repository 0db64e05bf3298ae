// A key that is deleted by two people: one consents, another deletes, and nobody does both.
import assert from "node:assert/strict";
import { account, bluemixInstance, clients, createKey, envelope, refused } from "./clients.mjs";

const MANAGER = "crn:v1:bluemix:public:iam::::serviceRole:Manager";
const POLICY = "application/vnd.ibm.kms.policy+json";
const { kp, identity, policies } = clients();
const { id } = await createKey({ name: "guarded" });
const key = { bluemixInstance, id };

const service = (await identity.createServiceId({ accountId: account, name: "second manager" })).result;
const { apikey } = (await identity.createApiKey({ name: "second", iamId: service.iam_id, accountId: account })).result;
const attribute = (name, value) => ({ name, value, operator: "stringEquals" });
await policies.createPolicy({
  type: "access",
  subjects: [{ attributes: [{ name: "iam_id", value: service.iam_id }] }],
  roles: [{ role_id: MANAGER }],
  resources: [{ attributes: [attribute("accountId", account), attribute("serviceName", "kms")] }],
});
const second = clients(apikey).kp;

// Once on, the policy stays.
await refused(409, "NOT_DUAL_AUTH_ERR", kp.setKeyForDeletion(key));
const policy = (enabled) => ({
  ...key, policy: "dualAuthDelete", setKeyPoliciesOneOf: envelope({ dualAuthDelete: { enabled } }, POLICY),
});
assert.equal((await kp.putPolicy(policy(true))).status, 200);
await refused(409, "DUAL_AUTH_STAYS_ERR", kp.putPolicy(policy(false)));

// Neither of them deletes the key alone; consent can be withdrawn.
await refused(409, "AUTHORIZATIONS_NOT_MET", kp.deleteKey(key));
await refused(409, "AUTHORIZATIONS_NOT_MET", second.deleteKey(key));
assert.equal((await kp.setKeyForDeletion(key)).status, 204);
const [{ dualAuthDelete }] = (await kp.getKeyMetadata(key)).result.resources;
assert.deepEqual([dualAuthDelete.enabled, dualAuthDelete.keySetForDeletion], [true, true]);
assert.ok(new Date(dualAuthDelete.authExpiration) > new Date());
await refused(409, "AUTHORIZATIONS_NOT_MET", kp.deleteKey(key));
assert.equal((await second.unsetKeyForDeletion(key)).status, 204);
await refused(409, "AUTHORIZATIONS_NOT_MET", second.deleteKey(key));

// Together they do. Meanwhile the key serves.
assert.equal((await kp.setKeyForDeletion(key)).status, 204);
assert.equal((await kp.wrapKey(key)).status, 200);
assert.equal((await second.deleteKey(key)).status, 204);
await refused(410, "KEY_DELETED_ERR", kp.wrapKey(key));
