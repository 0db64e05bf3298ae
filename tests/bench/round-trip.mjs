// One wrap and one unwrap of a fresh data key against the key server: this package's seal + open of 1 KiB, beside IBM's
// own npm SDK doing wrapKey + unwrapKey. Both run in this process, against the same server, taking turns.
//
// Started by `cargo xtask bench`, which sets ENVELOCK_URL, ENVELOCK_INSTANCE, ENVELOCK_API_KEY, ENVELOCK_PACKAGE and
// ENVELOCK_CONFORMANCE (the folder that holds IBM's SDK in a tree of its own).
import { randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const env = process.env;
const ROUNDS = 12;
const CALLS_PER_ROUND = 50;
const WARM_UP = 20;

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

async function milliseconds(trip) {
  const started = performance.now();
  for (let call = 0; call < CALLS_PER_ROUND; call++) await trip();
  return (performance.now() - started) / CALLS_PER_ROUND;
}

const sides = [
  { name: "envelock: seal + open 1 KiB", trip: envelockTrip, rounds: [] },
  { name: "IBM SDK: wrapKey + unwrapKey", trip: sdkTrip, rounds: [] },
];
for (const { trip } of sides) for (let call = 0; call < WARM_UP; call++) await trip();
for (let round = 0; round < ROUNDS; round++) {
  // Who begins alternates, so that neither side always runs on the warmer machine.
  const order = round % 2 === 0 ? sides : [...sides].reverse();
  for (const side of order) side.rounds.push(await milliseconds(side.trip));
}

const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
};
const shown = (value) => value.toFixed(2).padStart(7);
console.log(`One wrap and one unwrap on loopback, milliseconds; ${ROUNDS} rounds of ${CALLS_PER_ROUND} each, taking turns.\n`);
console.log(`${"".padEnd(30)}${"median".padStart(7)}${"min".padStart(8)}${"max".padStart(8)}`);
for (const { name, rounds } of sides) {
  console.log(`${name.padEnd(30)}${shown(median(rounds))} ${shown(Math.min(...rounds))} ${shown(Math.max(...rounds))}`);
}
const [envelock, ibm] = sides.map(({ rounds }) => median(rounds));
console.log(`\nenvelock takes ${(envelock / ibm).toFixed(2)} times as long as the SDK`);
