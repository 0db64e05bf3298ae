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
