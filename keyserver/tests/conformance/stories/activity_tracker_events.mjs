// What the customer's security people see: every use of a key, and every refusal, by whom and from where.
import { account, bluemixInstance, clients, createKey, refused } from "./clients.mjs";

const { kp, identity, policies } = clients();
const { id } = await createKey({ name: "watched-by-node" });
const call = { bluemixInstance, id };
const drawn = (await kp.wrapKey(call)).result;
const wrong = { ciphertext: drawn.ciphertext, aad: ["wrong"] };
await refused(422, "UNPROCESSABLE_CIPHERTEXT_ERR", kp.unwrapKey({ ...call, keyActionUnwrapBody: wrong }));
await kp.rotateKey(call);
await kp.disableKey(call);
await refused(409, "KEY_ACTION_INVALID_STATE_ERR", kp.wrapKey(call));

const service = (await identity.createServiceId({ accountId: account, name: "curious-of-node" })).result;
const { apikey } = (await identity.createApiKey({ name: "curious", iamId: service.iam_id, accountId: account })).result;
await refused(401, "UNAUTHORIZED_ERR", clients(apikey).kp.deleteKey(call));
await policies.createPolicy({
  type: "access",
  subjects: [{ attributes: [{ name: "iam_id", value: service.iam_id }] }],
  roles: [{ role_id: "crn:v1:bluemix:public:iam::::serviceRole:Reader" }],
  resources: [{ attributes: [{ name: "accountId", value: account }, { name: "serviceName", value: "kms" }] }],
});
await kp.deleteKey(call);
