// Aliases: names that stand for a key wherever its id does.
import assert from "node:assert/strict";
import { bluemixInstance, clients, createKey, refused } from "./clients.mjs";

const { kp } = clients();
const alias = "alias-of-node";
const { id } = await createKey({ name: "aliased" });
const made = await kp.createKeyAlias({ bluemixInstance, id, alias });
assert.equal(made.status, 201);
assert.deepEqual(made.result.resources.map((one) => [one.keyId, one.alias]), [[id, alias]]);
const drawn = (await kp.wrapKey({ bluemixInstance, id: alias })).result;
const keyActionUnwrapBody = { ciphertext: drawn.ciphertext };
assert.equal((await kp.unwrapKey({ bluemixInstance, id: alias, keyActionUnwrapBody })).result.plaintext, drawn.plaintext);
const other = await createKey({ name: "other" });
await refused(409, "KEY_ALIAS_NOT_UNIQUE_ERR", kp.createKeyAlias({ bluemixInstance, id: other.id, alias }));
assert.equal((await kp.deleteKeyAlias({ bluemixInstance, id, alias })).status, 204);
await refused(404, "KEY_NOT_FOUND_ERR", kp.wrapKey({ bluemixInstance, id: alias }));
