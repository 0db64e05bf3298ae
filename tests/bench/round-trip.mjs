/**
 * One wrap and one unwrap of a fresh data key against the key server: this package's seal + open of 1 KiB, beside IBM's own npm
 * SDK doing wrapKey + unwrapKey. Both run in this process, against the same server.
 *
 * *Invariant:* both check what came back, every time.
 *
 * Started by `cargo xtask bench service`, which sets ENVELOCK_URL, ENVELOCK_INSTANCE, ENVELOCK_API_KEY, ENVELOCK_PACKAGE and
 * ENVELOCK_CONFORMANCE (the folder that holds IBM's SDK in a tree of its own).
 */

import { randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { THOROUGH, compare } from "./harness.mjs";
import { header, section } from "./report.mjs";

const env = process.env;

const ours = await import(pathToFileURL(createRequire(join(env.ENVELOCK_PACKAGE, "package.json")).resolve("envelock")));
const sdk = createRequire(join(env.ENVELOCK_CONFORMANCE, "node-key-protect", "package.json"));
const KeyProtectV2 = sdk("@ibm-cloud/ibm-key-protect/ibm-key-protect-api/v2");
const { IamAuthenticator } = sdk("@ibm-cloud/ibm-key-protect/auth");

const client = new KeyProtectV2({
  authenticator: new IamAuthenticator({ apikey: env.ENVELOCK_API_KEY, url: env.ENVELOCK_URL }),
  serviceUrl: env.ENVELOCK_URL,
});
const common = { bluemixInstance: env.ENVELOCK_INSTANCE };
const type = "application/vnd.ibm.kms.key+json";
const created = await client.createKey({
  ...common,
  body: {
    metadata: { collectionType: type, collectionTotal: 1 },
    resources: [{ type, name: "bench", extractable: false }],
  },
});
const id = created.result.resources[0].id;

const kek = ours.keyProtect({
  endpoint: env.ENVELOCK_URL,
  instance: env.ENVELOCK_INSTANCE,
  key: id,
  auth: ours.apiKey(env.ENVELOCK_API_KEY),
});
const box = ours.envelock({ kek });
const data = randomBytes(1024);

async function envelockTrip() {
  const opened = await box.open(await box.seal(data));
  if (Buffer.compare(opened, data) !== 0) throw new Error("opened something else than was sealed");
}

async function sdkTrip() {
  const plaintext = randomBytes(32).toString("base64");
  const wrapped = await client.wrapKey({ ...common, id, keyActionWrapBody: { plaintext } });
  const unwrapped = await client.unwrapKey({ ...common, id, keyActionUnwrapBody: { ciphertext: wrapped.result.ciphertext } });
  if (unwrapped.result.plaintext !== plaintext) throw new Error("unwrapped something else than was wrapped");
}

const race = await compare(
  [
    { name: "envelock, seal + open", run: envelockTrip },
    { name: "IBM SDK, wrapKey + unwrapKey", run: sdkTrip },
  ],
  THOROUGH,
);
header("Key service benchmark");
section("Node", { title: "one wrap and one unwrap on loopback", race });
