// Step 3. Grant service access to Key Protect: an authorization between the service, all its instances, and the key service
// instance; the role Reader lets it see and use the root keys; it may be delegated.
import assert from "node:assert/strict";
import { account, bluemixInstance, clients, failure } from "./clients.mjs";

const READER = "crn:v1:bluemix:public:iam::::serviceRole:Reader";
const DELEGATOR = "crn:v1:bluemix:public:iam::::role:AuthorizationDelegator";
const { policies } = clients();
const attribute = (name, value) => ({ name, value, operator: "stringEquals" });

const authorization = {
  type: "authorization",
  description: "discovery of node reads the tenant's keys",
  subjects: [{ attributes: [{ name: "accountId", value: account }, { name: "serviceName", value: "discovery-node" }] }],
  roles: [{ role_id: READER }, { role_id: DELEGATOR }],
  resources: [
    {
      attributes: [
        attribute("accountId", account),
        attribute("serviceName", "kms"),
        attribute("serviceInstance", bluemixInstance),
      ],
    },
  ],
};
const made = await policies.createPolicy(authorization);
assert.equal(made.status, 201);
assert.equal(made.result.state, "active");
const policyId = made.result.id;
const listed = (await policies.listPolicies({ accountId: account, type: "authorization" })).result.policies;
assert.ok(listed.some(({ id }) => id === policyId));

// It says what it was asked for, in the older and the newer form.
const read = await policies.getPolicy({ policyId });
assert.deepEqual(read.result.roles.map(({ role_id }) => role_id).sort(), [DELEGATOR, READER].sort());
const inV2 = (await policies.getV2Policy({ id: policyId })).result;
assert.equal(inV2.type, "authorization");
assert.ok(inV2.subject.attributes.some(({ key, value }) => key === "serviceName" && value === "discovery-node"));

// The same is not granted twice, and a change needs the state that it was made from.
await failure(409, policies.createPolicy(authorization));
const ifMatch = read.headers.etag;
const replaced = await policies.replacePolicy({ policyId, ifMatch, ...authorization, roles: [{ role_id: READER }] });
assert.deepEqual(replaced.result.roles.map(({ role_id }) => role_id), [READER]);
await failure(409, policies.replacePolicy({ policyId, ifMatch, ...authorization }));

// Removed, and given again by its id.
assert.equal((await policies.deletePolicy({ policyId })).status, 204);
const gone = (await policies.listPolicies({ accountId: account, type: "authorization" })).result.policies;
assert.ok(!gone.some(({ id }) => id === policyId));
const deleted = (await policies.getPolicy({ policyId })).headers.etag;
const again = await policies.updatePolicyState({ policyId, ifMatch: deleted, state: "active" });
assert.equal(again.result.state, "active");
