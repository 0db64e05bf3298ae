// IBM's Node SDKs as published, each from its own tree, pointed at the server under test; and what the stories share.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";

const tree = (name) => createRequire(`${process.env.ENVELOCK_CONFORMANCE}/${name}/package.json`);
const sdk = tree("node-key-protect");
const platform = tree("node-platform-services");
const KeyProtect = sdk("@ibm-cloud/ibm-key-protect/ibm-key-protect-api/v2");
const KeyProtectAuth = sdk("@ibm-cloud/ibm-key-protect/auth");
const IamIdentity = platform("@ibm-cloud/platform-services/iam-identity/v1");
const IamPolicies = platform("@ibm-cloud/platform-services/iam-policy-management/v1");
const ResourceController = platform("@ibm-cloud/platform-services/resource-controller/v2");
const PlatformAuth = platform("@ibm-cloud/platform-services/auth");

export const { ENVELOCK_URL: url, ENVELOCK_ACCOUNT: account, ENVELOCK_REGION: region } = process.env;
export const { ENVELOCK_API_KEY: administrator, ENVELOCK_INSTANCE: bluemixInstance } = process.env;
export const KEY = "application/vnd.ibm.kms.key+json";
const SETTLED = 30_500;

/** The clients of whoever holds the API key. */
export function clients(apikey = administrator) {
  const authenticator = new PlatformAuth.IamAuthenticator({ apikey, url });
  return {
    kp: new KeyProtect({ authenticator: new KeyProtectAuth.IamAuthenticator({ apikey, url }), serviceUrl: url }),
    identity: new IamIdentity({ authenticator, serviceUrl: url }),
    policies: new IamPolicies({ authenticator, serviceUrl: url }),
    resources: new ResourceController({ authenticator, serviceUrl: url }),
  };
}

/** The one resource in the form that creation takes. */
export function envelope(resource, type = KEY) {
  return { metadata: { collectionType: type, collectionTotal: 1 }, resources: [{ type, ...resource }] };
}

/** Creates a key with the administrator's rights, or those of another client. */
export async function createKey(resource, { kp = clients().kp, instance = bluemixInstance } = {}) {
  const body = envelope({ extractable: false, ...resource });
  const made = await kp.createKey({ bluemixInstance: instance, prefer: "return=representation", body });
  assert.equal(made.status, 201);
  return made.result.resources[0];
}

/** Expects Key Protect to refuse, with the reason where every client finds it. */
export async function refused(status, code, call) {
  const error = await failure(status, call);
  const [resource] = JSON.parse(await text(error.body)).resources;
  assert.equal(resource.reasons[0].code, code);
  assert.match(resource.errorMsg, new RegExp(`\\(${code}\\)$`));
}

/** Expects any of the services to refuse. */
export async function failure(status, call) {
  try {
    await call;
  } catch (error) {
    assert.equal(error.status, status, error.message);
    return error;
  }
  throw new Error(`not refused with ${status}`);
}

/** Answers of `restoreKey` come as streams; unread, they would keep the process alive. */
async function text(body) {
  if (typeof body === "string") return body;
  let read = "";
  for await (const chunk of body) read += chunk;
  return read;
}

/** Half a minute has to pass between two opposite changes of a key. */
export const settle = () => sleep(SETTLED);

/** The key of a successful restoration. */
export async function restored(answer) {
  assert.equal(answer.status, 201);
  return JSON.parse(await text(answer.result)).resources[0];
}

/** The object store of the server under test, which a root key can encrypt; and its plans, with Key Protect's. */
export const STORE = "envelock-objects";
export const PLANS = {
  keyProtect: "eedd3585-90c6-4c8f-be3d-062069e99fc3",
  standard: "7c9a5d52-0d8e-4c1b-8a76-3de5b40f9c02",
  premium: "d0e36c1a-94b7-4f6d-b2c8-58a1f7e24d03",
};

const attributes = (pairs) => Object.entries(pairs).map(([name, value]) => ({ name, value, operator: "stringEquals" }));

/** Step 3 of the founding document, for one key: lets the object store use it. Returns the id of the authorization. */
export async function authorizeStore(policies, key, instance = bluemixInstance) {
  const target = { serviceName: "kms", serviceInstance: instance, resourceType: "key", resource: key.id };
  const made = await policies.createPolicy({
    type: "authorization",
    subjects: [{ attributes: attributes({ accountId: account, serviceName: STORE }) }],
    roles: [{ role_id: "crn:v1:bluemix:public:iam::::serviceRole:Reader" }],
    resources: [{ attributes: attributes({ accountId: account, ...target }) }],
  });
  assert.equal(made.status, 201);
  return made.result.id;
}

/** Orders an instance. */
export function order(resources, name, resourcePlanId, parameters, target = region) {
  return resources.createResourceInstance({ name, target, resourceGroup: "default", resourcePlanId, parameters });
}

/** Steps 2 to 4: a root key, an authorization, and an instance of the object store that the key encrypts. */
export async function encryptedInstance(name) {
  const { policies, resources } = clients();
  const key = await createKey({ name });
  const authorization = await authorizeStore(policies, key);
  const instance = (await order(resources, name, PLANS.premium, { kms_key_crn: key.crn })).result;
  return { key, authorization, instance };
}

/** What an instance encrypts with: Key Protect with its one key, reached by way of the instance. */
export function throughInstance(instance, apikey = administrator) {
  const authenticator = new KeyProtectAuth.IamAuthenticator({ apikey, url });
  return new KeyProtect({ authenticator, serviceUrl: `${url}/services/v1/${instance.guid}` });
}
