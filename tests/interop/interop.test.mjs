/** Messages that we seal open in the AWS Encryption SDKs for Python and Node, and theirs open here. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { envelock, rawAes } from "envelock";

const here = dirname(fileURLToPath(import.meta.url));
const trees = process.env.ENVELOCK_CONFORMANCE;
assert.ok(trees, "ENVELOCK_CONFORMANCE must name the folder with the other implementations; `cargo xtask test` sets it");

const CONTEXTS = [{}, { tenant: "t-7" }, { a: "1", B: "2", "": "3" }, { "\uffee": "1", "\u{10400}": "2" }];
const SHAPES = [[16, 0], [16, 1], [16, 15], [16, 16], [16, 17], [16, 160], [1, 5], [262_144, 300_000]];
const base64 = (bytes) => Buffer.from(bytes).toString("base64");
const box = ({ namespace, name, key }, options) =>
  envelock({ kek: rawAes({ namespace, name, key: Buffer.from(key, "base64") }), ...options });

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
  "aws-encryption-sdk for Python": [join(trees, "python-aws/bin/python"), [join(here, "aws.py")]],
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
