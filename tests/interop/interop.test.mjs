/** Messages that we seal open in the AWS Encryption SDKs for Python and Node, and theirs open here. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { copyFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { apiKey, envelock, keyProtect, rawAes } from "envelock";
import { administrator } from "../e2e/support/administrator.mjs";
import { startServer } from "../e2e/support/server.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const keyrings = join(here, "../../docs/keyrings");
const trees = process.env.ENVELOCK_CONFORMANCE;
assert.ok(trees, "ENVELOCK_CONFORMANCE must name the folder with the other implementations; `cargo xtask test` sets it");

const CONTEXTS = [{}, { tenant: "t-7" }, { a: "1", B: "2", "": "3" }, { "\uffee": "1", "\u{10400}": "2" }];
const SHAPES = [[16, 0], [16, 1], [16, 15], [16, 16], [16, 17], [16, 160], [1, 5], [262_144, 300_000]];
const base64 = (bytes) => Buffer.from(bytes).toString("base64");
const box = ({ namespace, name, key, service }, options) => {
  const kek = service
    ? keyProtect({ endpoint: service.endpoint, instance: service.instance, key: service.key, auth: apiKey(server.api_key) })
    : rawAes({ namespace, name, key: Buffer.from(key, "base64") });
  return envelock({ kek, ...options });
};

let server;

before(async () => {
  server = await startServer();
  await copyFile(join(keyrings, "key-protect.mjs"), join(trees, "node-aws/key-protect.mjs"));
});

after(() => server.stop());

/** A root key of the server, and a token for it. */
async function rootKey() {
  const { token, createKey } = await administrator(server);
  const { id: key } = await createKey("interop");
  return { endpoint: server.url, instance: server.instance, key, token };
}

/** Everything that goes through a stream. */
async function all(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function serviceCases() {
  const service = await rootKey();
  const cases = [];
  for (const context of CONTEXTS) {
    const plaintext = Uint8Array.from({ length: 1000 }, (_, at) => at & 255);
    const message = await all(box({ service }, { frameLength: 100 }).sealStream(new Blob([plaintext]), { context }));
    cases.push({ service, context, plaintext: base64(plaintext), message: base64(message) });
  }
  return cases;
}

async function sealedCases() {
  const cases = [];
  for (const context of CONTEXTS) {
    for (const [frameLength, length] of SHAPES) {
      const kek = { namespace: "envelock-test", name: "näme", key: base64(crypto.getRandomValues(new Uint8Array(32))) };
      const plaintext = Uint8Array.from({ length }, (_, at) => (at * 7 + length) & 255);
      const message = await box(kek, { frameLength }).seal(plaintext, { context });
      cases.push({ ...kek, context, plaintext: base64(plaintext), message: base64(message) });
    }
  }
  return cases;
}

async function ask(program, rest, cases) {
  const child = spawn(program, rest, { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(JSON.stringify(cases));
  return JSON.parse(await text(child.stdout));
}

const implementations = {
  "aws-encryption-sdk for Python": [join(trees, "python-aws/bin/python"), [join(here, "aws.py"), keyrings]],
  "@aws-crypto/client-node": [process.execPath, [join(here, "aws.mjs"), join(trees, "node-aws")]],
};

for (const [name, [program, rest]] of Object.entries(implementations)) {
  test(`${name} opens ours, and we open its`, async () => {
    const cases = await sealedCases();
    const answers = await ask(program, rest, cases);
    assert.equal(answers.length, cases.length);
    for (const [at, answer] of answers.entries()) {
      assert.equal(answer.plaintext, cases[at].plaintext, `case ${at}: ours`);
      const opened = await box(cases[at]).open(Buffer.from(answer.message, "base64"), { context: cases[at].context });
      assert.equal(base64(opened), cases[at].plaintext, `case ${at}: theirs`);
    }
  });
}

for (const [name, [program, rest]] of Object.entries(implementations)) {
  test(`${name} with the keyring of docs/ opens ours under a root key, and we open its, whole, in streams and in parts`, async () => {
    const cases = await serviceCases();
    const answers = await ask(program, rest, cases);
    for (const [at, answer] of answers.entries()) {
      const { context, plaintext } = cases[at];
      assert.equal(answer.plaintext, plaintext, `case ${at}: ours`);
      const theirs = Buffer.from(answer.message, "base64");
      const mine = box(cases[at]);
      assert.equal(base64(await mine.open(theirs, { context })), plaintext, `case ${at}: whole`);
      assert.equal(base64(await all(mine.openStream(new Blob([theirs]), { context }))), plaintext, `case ${at}: stream`);
      const file = await mine.openFile(new Blob([theirs]), { context });
      assert.equal(base64(await file.slice(90, 310).bytes()), base64(Buffer.from(plaintext, "base64").subarray(90, 310)), `case ${at}: part`);
    }
  });
}

/** Suites that are read on demand alone: whether they sign, and whether they are of version 1. */
const OLD = [
  { suite: 0x0578, signed: true },
  ...[0x0378, 0x0346, 0x0214].map((suite) => ({ suite, signed: true, version1: true })),
  ...[0x0178, 0x0146, 0x0114, 0x0078, 0x0046, 0x0014].map((suite) => ({ suite, version1: true })),
];

/** Each with every context; frames of 128 bytes, or none, and plaintexts that end before, at and behind their ends. */
function oldCases(frameLengths) {
  const lengths = [0, 127, 128, 1000];
  return frameLengths.flatMap((frameLength) =>
    OLD.flatMap(({ suite, ...accept }) =>
      CONTEXTS.map((context, at) => ({
        namespace: "envelock-test",
        name: "näme",
        key: base64(crypto.getRandomValues(new Uint8Array(32))),
        suite,
        frameLength,
        context,
        plaintext: base64(Uint8Array.from({ length: lengths[at] }, (_, byte) => (byte * 7 + suite) & 255)),
        accept: { ...accept, ...(frameLength === 0 && { nonFramed: 1000 }) },
      })),
    ),
  );
}

/** The SDK for JavaScript writes frames only. */
const FRAMES = { "aws-encryption-sdk for Python": [128, 0], "@aws-crypto/client-node": [128] };

for (const [name, [program, rest]] of Object.entries(implementations)) {
  test(`what ${name} makes of other suites opens where it is accepted by name, and nowhere else`, async () => {
    const cases = oldCases(FRAMES[name]);
    const answers = await ask(program, rest, cases.map(({ accept, ...given }) => given));
    const outcome = (promise) => promise.then(base64, (error) => error.code);
    for (const [at, answer] of answers.entries()) {
      const { accept, context, frameLength, plaintext, suite, ...kek } = cases[at];
      const what = `case ${at}: suite ${suite.toString(16)}, frames of ${frameLength}`;
      const theirs = Buffer.from(answer.message, "base64");
      const mine = box(kek, { accept });
      assert.equal(await outcome(mine.open(theirs, { context })), plaintext, what);
      for (const [lacking, refusal] of Object.entries({ signed: "ERR_SUITE_NOT_ALLOWED", version1: "ERR_SUITE_NOT_ALLOWED", nonFramed: "ERR_NON_FRAMED" })) {
        const { [lacking]: had, ...less } = accept;
        if (had !== undefined) assert.equal(await outcome(box(kek, { accept: less }).open(theirs)), refusal, `${what}, without ${lacking}`);
      }
      const streamed = await outcome(all(mine.openStream(new Blob([theirs]), { context })));
      assert.equal(streamed, accept.signed === true ? "ERR_WHOLE_ONLY" : plaintext, `${what}, as a stream`);
      const stored = await outcome(mine.openFile(new Blob([theirs]), { context }).then((file) => file.bytes()));
      assert.equal(stored, accept.signed === true || frameLength === 0 ? "ERR_WHOLE_ONLY" : plaintext, `${what}, as a file`);
      theirs[theirs.length - 1] ^= 1;
      assert.match(await outcome(mine.open(theirs, { context })), /^ERR_/, `${what}, altered`);
    }
  });
}
