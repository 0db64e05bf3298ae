/** The leak detector finds what it must find, and nothing else; without this its silence would prove nothing. */

import assert from "node:assert/strict";
import { randomBytes, randomInt } from "node:crypto";
import { test } from "node:test";
import { leakDetector } from "./support/leak.mjs";

const plaintext = randomBytes(1 << 20);
const { find } = leakDetector(plaintext);
const noise = (n) => randomBytes(n);
const around = (bytes) => Buffer.concat([noise(randomInt(500)), bytes, noise(randomInt(500))]);
const aWindow = () => {
  const at = randomInt(plaintext.length - 64);
  return plaintext.subarray(at, at + 64);
};
const asText = (text) => Buffer.from(`{"body":"${text}","n":1}`);

test("a planted 64-byte window is found wherever it was cut out", () => {
  for (let round = 0; round < 500; round += 1) assert.ok(find(around(aWindow())).length > 0);
});

test("a window as base64 is found in all three alignments, in both alphabets", () => {
  for (let round = 0; round < 200; round += 1) {
    for (const before of [0, 1, 2]) {
      const bytes = Buffer.concat([noise(before), aWindow()]);
      assert.ok(find(asText(bytes.toString("base64"))).length > 0, `base64 after ${before}`);
      assert.ok(find(asText(bytes.toString("base64url"))).length > 0, `base64url after ${before}`);
    }
  }
});

test("a window as hex is found, in both cases and after an odd digit", () => {
  for (let round = 0; round < 200; round += 1) {
    const hex = aWindow().toString("hex");
    for (const text of [hex, hex.toUpperCase(), `f${hex}`]) assert.ok(find(asText(text)).length > 0, text);
  }
});

test("a window inside a base64 JSON text inside base64 is found", () => {
  const inner = JSON.stringify({ ciphertext: aWindow().toString("base64") });
  assert.ok(find(asText(Buffer.from(inner).toString("base64"))).length > 0);
});

test("other bytes raise no alarm", () => {
  const other = Buffer.concat([noise(200_000), asText(noise(2000).toString("base64")), asText(noise(2000).toString("hex"))]);
  assert.deepEqual(find(other), []);
});
