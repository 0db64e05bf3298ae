/** What the slim entry accepts as its module, in the order in which a mistaken caller would get there. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { inspect, useModule } from "envelock/slim";

const bytes = await readFile(new URL(import.meta.resolve("envelock/envelock_bg.wasm")));
const used = () => inspect(new Uint8Array(9)).catch((error) => error);

async function refused(code) {
  const error = await used();
  assert.deepEqual([error.code, error.fault], [code, "caller"]);
}

test("none at all is named", () => refused("ERR_MODULE_NOT_GIVEN"));

test("altered bytes, and any other module, are not compiled", async () => {
  const altered = Uint8Array.from(bytes);
  altered[altered.length - 1] ^= 1;
  const other = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  for (const wrong of [altered, altered.buffer, () => altered, () => Promise.resolve(altered), new Response(other), other, new Uint8Array(0)]) {
    useModule(wrong);
    await refused("ERR_MODULE_ALTERED");
  }
});

test("an answer without the file, and what is no module, are a load that failed", async () => {
  for (const wrong of [new Response(bytes, { status: 404 }), "http://127.0.0.1:9/envelock_bg.wasm", 5]) {
    useModule(wrong);
    await refused("ERR_MODULE_NOT_LOADED");
  }
});

test("bytes that cannot be checked are not compiled", async () => {
  const { crypto } = globalThis;
  Object.defineProperty(globalThis, "crypto", { value: {}, configurable: true });
  useModule(bytes);
  await refused("ERR_MODULE_UNCHECKED");
  Object.defineProperty(globalThis, "crypto", { value: crypto, configurable: true });
});

test("the right bytes load, as a view with an offset too, and a failed load is tried again", async () => {
  const shifted = new Uint8Array(bytes.length + 9);
  shifted.set(bytes, 5);
  let asked = 0;
  useModule(async () => {
    if (asked++ === 0) throw new Error("offline");
    return shifted.subarray(5, 5 + bytes.length);
  });
  const failed = await used();
  assert.deepEqual([failed.code, failed.retryable, failed.cause.message], ["ERR_MODULE_NOT_LOADED", true, "offline"]);
  assert.equal((await used()).code, "ERR_NOT_AN_ENVELOPE");
  assert.equal(asked, 2);
});
