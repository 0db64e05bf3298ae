// Fills a fresh key server with an example: a root key, a service that may only wrap and unwrap with it (Reader on that
// one key), and a file that the service sealed. Looks for each thing before making it, so it can be run again.
//
// Needs, in the environment: ENVELOCK_URL, ENVELOCK_ACCOUNT, ENVELOCK_INSTANCE, ENVELOCK_PACKAGE (folder of the npm
// package), ENVELOCK_EXAMPLE (folder to write to), and ENVELOCK_API_KEY, the administrator's.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const env = process.env;
const url = env.ENVELOCK_URL;
const account = env.ENVELOCK_ACCOUNT;
const instance = env.ENVELOCK_INSTANCE;
const folder = env.ENVELOCK_EXAMPLE;
const record = join(folder, "example.json");

function report(made, heading) {
  console.log(`${heading}
  Root key     ${made.rootKey.name} (${made.rootKey.id})
  Service ID   ${made.service.name} (${made.service.iamId})
  Grant        Reader on that root key: it may wrap and unwrap, nothing else
  Its API key  ${made.service.apiKeyFile} (readable by you only)
  Plain file   ${made.plainFile}
  Sealed file  ${made.sealedFile}
Open the sealed file in the console under "Open", or revoke the key and see that it no longer opens.`);
}

if (existsSync(record)) {
  report(JSON.parse(readFileSync(record, "utf8")), "The example is there already:");
  process.exit(0);
}
if (!env.ENVELOCK_API_KEY) {
  console.error(`No example was made: that needs the administrator's API key, which is shown at the first start only.
Pass it as ENVELOCK_API_KEY=... cargo xtask demo --seed, or begin with an empty folder: cargo xtask demo --seed --data DIR`);
  process.exit(1);
}

async function call(method, path, { body, form, headers } = {}) {
  const response = await fetch(new URL(path, url), {
    method,
    headers: {
      accept: "application/json",
      ...(form ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    body: form ? new URLSearchParams(form) : body && JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
  return text ? JSON.parse(text) : undefined;
}

const { access_token } = await call("POST", "/identity/token", {
  form: { grant_type: "urn:ibm:params:oauth:grant-type:apikey", apikey: env.ENVELOCK_API_KEY },
});
const authorization = { authorization: `Bearer ${access_token}` };
const keyProtect = { ...authorization, "bluemix-instance": instance };

const NAME = "example-invoices";

async function rootKey() {
  const listed = await call("GET", "/api/v2/keys", { headers: keyProtect });
  const known = listed.resources?.find((key) => key.name === NAME && key.state === 1);
  if (known) return known;
  const type = "application/vnd.ibm.kms.key+json";
  const created = await call("POST", "/api/v2/keys", {
    headers: keyProtect,
    body: {
      metadata: { collectionType: type, collectionTotal: 1 },
      resources: [{ type, name: NAME, extractable: false, description: "Example root key" }],
    },
  });
  return created.resources[0];
}

async function serviceId() {
  const listed = await call("GET", `/v1/serviceids?account_id=${account}`, { headers: authorization });
  const known = listed.serviceids.find((service) => service.name === NAME);
  if (known) return known;
  return call("POST", "/v1/serviceids", {
    headers: authorization,
    body: { account_id: account, name: NAME, description: "Example service: seals and opens invoices" },
  });
}

async function grantReader(iamId, keyId) {
  const listed = await call("GET", `/v1/policies?account_id=${account}&type=access&iam_id=${iamId}`, { headers: authorization });
  const attributes = Object.entries({
    accountId: account,
    serviceName: "kms",
    serviceInstance: instance,
    resourceType: "key",
    resource: keyId,
  }).map(([name, value]) => ({ name, value, operator: "stringEquals" }));
  const onThisKey = (policy) => policy.resources[0].attributes.some(({ name, value }) => name === "resource" && value === keyId);
  if (listed.policies.some(onThisKey)) return;
  await call("POST", "/v1/policies", {
    headers: authorization,
    body: {
      type: "access",
      description: "Example: wrap and unwrap with one root key",
      subjects: [{ attributes: [{ name: "iam_id", value: iamId }] }],
      roles: [{ role_id: "crn:v1:bluemix:public:iam::::serviceRole:Reader" }],
      resources: [{ attributes }],
    },
  });
}

const key = await rootKey();
const service = await serviceId();
await grantReader(service.iam_id, key.id);
const { apikey } = await call("POST", "/v1/apikeys", {
  headers: authorization,
  body: { name: NAME, iam_id: service.iam_id, account_id: account, store_value: false },
});

mkdirSync(folder, { recursive: true, mode: 0o700 });
const apiKeyFile = join(folder, "service-api-key");
writeFileSync(apiKeyFile, `${apikey}\n`, { mode: 0o600 });
const plainFile = join(folder, "invoice.csv");
writeFileSync(plainFile, "date,customer,amount\n2026-11-02,Hansen & Sons,1290.00\n2026-11-09,Bakery Lund,85.50\n");

const envelock = await import(pathToFileURL(createRequire(join(env.ENVELOCK_PACKAGE, "package.json")).resolve("envelock")));
const box = envelock.envelock({
  kek: envelock.keyProtect({ endpoint: url, instance, key: key.id, auth: envelock.apiKey(apikey) }),
});
const sealedFile = `${plainFile}.sealed`;
writeFileSync(sealedFile, await box.seal(readFileSync(plainFile), { context: { kind: "invoice" } }));
const opened = await box.open(readFileSync(sealedFile), { context: { kind: "invoice" } });
if (Buffer.compare(opened, readFileSync(plainFile)) !== 0) throw new Error("the sealed example does not open to what was sealed");

const made = {
  rootKey: { id: key.id, name: key.name },
  service: { name: service.name, iamId: service.iam_id, apiKeyFile },
  plainFile,
  sealedFile,
};
writeFileSync(record, `${JSON.stringify(made, null, 2)}\n`);
report(made, "An example was made:");
