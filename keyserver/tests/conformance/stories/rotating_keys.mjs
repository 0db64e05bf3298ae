// Rotating keys: what was wrapped before stays readable, and moves to the new version as it is read. A policy rotates regularly.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { bluemixInstance, clients, createKey, envelope, refused } from "./clients.mjs";

const { kp } = clients();
const POLICY = "application/vnd.ibm.kms.policy+json";
const unwrap = async (id, ciphertext) =>
  (await kp.unwrapKey({ bluemixInstance, id, keyActionUnwrapBody: { ciphertext } })).result;
const versions = async (id) => (await kp.getKeyVersions({ bluemixInstance, id })).result.resources.map((one) => one.id);

const { id, crn } = await createKey({ name: "rotating" });
const before = (await kp.wrapKey({ bluemixInstance, id })).result;
assert.equal((await kp.rotateKey({ bluemixInstance, id })).status, 204);

// The key keeps its id and name; it has a second version, which is listed first and wraps from now on.
const [newest, oldest] = await versions(id);
assert.equal(oldest, before.keyVersion.id);
const key = (await kp.getKeyMetadata({ bluemixInstance, id })).result.resources[0];
assert.equal(key.crn, crn);
assert.equal(key.keyVersion.id, newest);
assert.ok(key.lastRotateDate);
assert.equal((await kp.wrapKey({ bluemixInstance, id })).result.keyVersion.id, newest);

// Old ciphertexts open, and bring the same data key under the new version with them.
const opened = await unwrap(id, before.ciphertext);
assert.equal(opened.plaintext, before.plaintext);
assert.equal(opened.keyVersion.id, oldest);
assert.equal(opened.rewrappedKeyVersion.id, newest);
const moved = await unwrap(id, opened.ciphertext);
assert.equal(moved.plaintext, before.plaintext);
assert.equal(moved.ciphertext, undefined);
const body = { ciphertext: before.ciphertext };
const rewrapped = (await kp.rewrapKey({ bluemixInstance, id, keyActionRewrapBody: body })).result;
assert.equal(rewrapped.plaintext, undefined, "rewrap does not show the data key");
assert.equal((await unwrap(id, rewrapped.ciphertext)).plaintext, before.plaintext);
await refused(409, "KEY_ROTATION_NOT_PERMITTED", kp.rotateKey({ bluemixInstance, id }));

// An imported key is rotated with material that the customer brings again.
const imported = await createKey({ name: "rotating-imported", payload: randomBytes(32).toString("base64") });
await refused(400, "KEY_PAYLOAD_REQ_ERR", kp.rotateKey({ bluemixInstance, id: imported.id }));
const fresh = { payload: randomBytes(32).toString("base64") };
const rotated = await kp.rotateKey({ bluemixInstance, id: imported.id, keyActionRotateBody: fresh });
assert.equal(rotated.status, 204);
const generated = await createKey({ name: "rotating-generated" });
const call = { bluemixInstance, id: generated.id };
await refused(400, "INVALID_QUERY_PARAM_ERR", kp.rotateKey({ ...call, keyActionRotateBody: fresh }));

// By policy: every three months, for keys that were generated here.
const everyThreeMonths = envelope({ rotation: { interval_month: 3 } }, POLICY);
const set = await kp.putPolicy({ ...call, policy: "rotation", setKeyPoliciesOneOf: everyThreeMonths });
assert.equal(set.status, 200);
const policies = (await kp.getPolicy({ ...call, policy: "rotation" })).result;
assert.deepEqual(policies.resources.map(({ rotation }) => rotation), [{ enabled: true, interval_month: 3 }]);
const thirteen = envelope({ rotation: { interval_month: 13 } }, POLICY);
const refusedPolicy = kp.putPolicy({ ...call, policy: "rotation", setKeyPoliciesOneOf: thirteen });
await refused(400, "INVALID_FIELD_ERR", refusedPolicy);
