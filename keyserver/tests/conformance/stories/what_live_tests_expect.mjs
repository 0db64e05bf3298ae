// What IBM's own live tests expect of the real service, with the Node SDK.
import assert from "node:assert/strict";
import { bluemixInstance, clients, createKey, envelope, refused } from "./clients.mjs";

const POLICY = "application/vnd.ibm.kms.policy+json";
const { kp } = clients();
const metadata = async (id) => (await kp.getKeyMetadata({ bluemixInstance, id })).result.resources[0];
const wrap = async (id) => (await kp.wrapKey({ bluemixInstance, id })).result;

const alias = "live-alias-of-node";
const { id, ...fresh } = await createKey({ name: "live-root", aliases: [alias] });
assert.ok(!("lastUpdateDate" in fresh) && !("lastRotateDate" in fresh));
assert.equal((await kp.rotateKey({ bluemixInstance, id })).status, 204);
const rotated = await metadata(alias);
assert.ok(rotated.id === id && "lastUpdateDate" in rotated && "lastRotateDate" in rotated);

const drawn = await wrap(alias);
const versions = (await kp.getKeyVersions({ bluemixInstance, id })).result;
assert.equal(drawn.keyVersion.id, versions.resources[0].id);
assert.equal(versions.metadata.collectionTotal, 2);

const { id: standard } = await createKey({ name: "live-standard", extractable: true });
assert.ok("payload" in (await kp.getKey({ bluemixInstance, id: standard })).result.resources[0]);
assert.ok(!("payload" in (await metadata(standard))));
await refused(400, "KEY_ROOT_REQ_ERR", wrap(standard));
const keyActionUnwrapBody = { ciphertext: drawn.ciphertext };
await refused(400, "KEY_ROOT_REQ_ERR", kp.unwrapKey({ bluemixInstance, id: standard, keyActionUnwrapBody }));

// A new key has no policy; dual authorization, once on, takes two people for a deletion.
assert.equal((await kp.getPolicy({ bluemixInstance, id })).result.metadata.collectionTotal, 0);
const dual = envelope({ dualAuthDelete: { enabled: true } }, POLICY);
await kp.putPolicy({ bluemixInstance, id, policy: "dualAuthDelete", setKeyPoliciesOneOf: dual });
await refused(409, "AUTHORIZATIONS_NOT_MET", kp.deleteKey({ bluemixInstance, id }));
assert.equal((await kp.setKeyForDeletion({ bluemixInstance, id })).status, 204);
assert.equal((await metadata(id)).dualAuthDelete.keySetForDeletion, true);
await refused(409, "AUTHORIZATIONS_NOT_MET", kp.deleteKey({ bluemixInstance, id }));
assert.equal((await kp.unsetKeyForDeletion({ bluemixInstance, id })).status, 204);
await refused(409, "NOT_DUAL_AUTH_ERR", kp.setKeyForDeletion({ bluemixInstance, id: standard }));

const { id: doomed } = await createKey({ name: "live-doomed" });
const deleted = await kp.deleteKey({ bluemixInstance, id: doomed, prefer: "return=representation" });
assert.equal(deleted.status, 200);
