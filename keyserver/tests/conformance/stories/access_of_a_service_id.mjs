// A service ID gets an API key and a role, does what the role allows and nothing else, and loses it with the policy.
import assert from "node:assert/strict";
import { account, bluemixInstance, clients, createKey, failure, refused } from "./clients.mjs";

const READER = "crn:v1:bluemix:public:iam::::serviceRole:Reader";
const { identity, policies } = clients();
const { id } = await createKey({ name: "shared" });
const other = await createKey({ name: "not-shared" });

const service = (await identity.createServiceId({ accountId: account, name: "reader" })).result;
const made = await identity.createApiKey({ name: "reader", iamId: service.iam_id, accountId: account, storeValue: false });
assert.equal(made.status, 201);
const reader = clients(made.result.apikey);
const wrap = (key = id) => reader.kp.wrapKey({ bluemixInstance, id: key });

// Somebody who is known and was given nothing may do nothing, and does not learn what exists.
await refused(401, "UNAUTHORIZED_ERR", wrap());
await refused(401, "UNAUTHORIZED_ERR", wrap("00000000-0000-4000-8000-000000000000"));

// Reader on one key: enough to wrap and unwrap with it; not to read, change or delete it, and not for another key.
const attribute = (name, value) => ({ name, value, operator: "stringEquals" });
const policy = {
  type: "access",
  subjects: [{ attributes: [{ name: "iam_id", value: service.iam_id }] }],
  roles: [{ role_id: READER }],
  resources: [
    {
      attributes: [
        attribute("accountId", account),
        attribute("serviceName", "kms"),
        attribute("serviceInstance", bluemixInstance),
        attribute("resourceType", "key"),
        attribute("resource", id),
      ],
    },
  ],
};
const granted = await policies.createPolicy(policy);
assert.equal(granted.status, 201);
const drawn = (await wrap()).result;
const keyActionUnwrapBody = { ciphertext: drawn.ciphertext };
assert.equal((await reader.kp.unwrapKey({ bluemixInstance, id, keyActionUnwrapBody })).result.plaintext, drawn.plaintext);
assert.equal((await reader.kp.getKeyMetadata({ bluemixInstance, id })).status, 200);
await refused(401, "UNAUTHORIZED_ERR", reader.kp.getKey({ bluemixInstance, id }));
await refused(401, "UNAUTHORIZED_ERR", reader.kp.rotateKey({ bluemixInstance, id }));
await refused(401, "UNAUTHORIZED_ERR", reader.kp.deleteKey({ bluemixInstance, id }));
await refused(401, "UNAUTHORIZED_ERR", wrap(other.id));
await failure(401, reader.policies.createPolicy(policy));

// The policy is found, and without it the next call is refused.
const listed = (await policies.listPolicies({ accountId: account, iamId: service.iam_id })).result.policies;
assert.deepEqual(listed.map((one) => one.id), [granted.result.id]);
const policyId = granted.result.id;
assert.equal((await policies.getPolicy({ policyId })).result.roles[0].role_id, READER);
assert.equal((await policies.deletePolicy({ policyId })).status, 204);
await refused(401, "UNAUTHORIZED_ERR", wrap());
assert.equal((await policies.getPolicy({ policyId })).result.state, "deleted");
