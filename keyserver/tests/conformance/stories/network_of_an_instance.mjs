// An instance is limited to addresses that its clients come from, then to a network that they do not come from.
import assert from "node:assert/strict";
import { bluemixInstance, clients, createKey, refused } from "./clients.mjs";

const { kp } = clients();
const POLICY = "application/vnd.ibm.kms.policy+json";
const layDown = async (policy, policy_data) => {
  const body = {
    metadata: { collectionType: POLICY, collectionTotal: 1 },
    resources: [{ policy_type: policy, policy_data }],
  };
  return kp.putInstancePolicy({ bluemixInstance, policy, setInstancePoliciesOneOf: body });
};
const ports = async () => (await kp.getAllowedIpPort({ bluemixInstance })).result.resources;

const { id } = await createKey({ name: "within-reach" });
assert.deepEqual(await ports(), []);
const home = { enabled: true, attributes: { allowed_ip: ["127.0.0.0/8"] } };
assert.equal((await layDown("allowedIP", home)).status, 204);
const both = { enabled: true, attributes: { allowed_network: "public-and-private" } };
assert.equal((await layDown("allowedNetwork", both)).status, 204);
const { resources } = (await kp.getInstancePolicy({ bluemixInstance })).result;
const shown = Object.fromEntries(resources.map(({ policy_type, policy_data }) => [policy_type, policy_data]));
assert.deepEqual(shown, { allowedIP: home, allowedNetwork: both });
assert.equal((await kp.wrapKey({ bluemixInstance, id })).status, 200);

// This server has no private network of its own, so that nobody reaches the instance any more, whatever they ask for.
const privately = { enabled: true, attributes: { allowed_network: "private-only" } };
assert.equal((await layDown("allowedNetwork", privately)).status, 204);
await refused(401, "UNAUTHORIZED_ERR", kp.wrapKey({ bluemixInstance, id }));
await refused(401, "UNAUTHORIZED_ERR", layDown("allowedNetwork", { enabled: false }));
