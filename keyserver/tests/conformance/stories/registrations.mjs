// Registrations as users see them: nothing is registered with a new key, and only services register.
import assert from "node:assert/strict";
import { account, bluemixInstance, clients, createKey } from "./clients.mjs";

const { kp } = clients();
const { id } = await createKey({ name: "unused" });
const crn = `crn:v1:bluemix:public:discovery:us-south:a/${account}:77d0a1c2-0b1f-4a58-8d7f-2f9e5a1b3c4d::`;

// The client encodes the query itself; whoever obeys its name encodes it before, too.
for (const urlEncodedResourceCrnQuery of [crn, encodeURIComponent(crn), `${crn.slice(0, -1)}*`]) {
  const listed = await kp.getRegistrationsAllKeys({ bluemixInstance, urlEncodedResourceCrnQuery, totalCount: true });
  assert.equal(listed.status, 200);
  assert.deepEqual([listed.result.metadata.collectionTotal, listed.result.metadata.totalCount], [0, 0]);
}
const ofKey = await kp.getRegistrations({ bluemixInstance, id, preventKeyDeletion: true, limit: 5000, offset: 0 });
assert.equal(ofKey.result.metadata.collectionType, "application/vnd.ibm.kms.registration+json");
assert.deepEqual(ofKey.result.resources, []);
assert.equal((await kp.deleteKey({ bluemixInstance, id })).status, 204);
