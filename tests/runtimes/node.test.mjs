/** What can be seen in Node alone: the module's memory while much goes through, and Node's own streams. */

import assert from "node:assert/strict";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { test } from "node:test";

// Before the package loads its module, so that its memory can be looked at.
const memories = [];
const instantiate = WebAssembly.instantiate;
WebAssembly.instantiate = async (...given) => {
  const made = await instantiate(...given);
  memories.push(made.exports.memory);
  return made;
};
const { envelock, rawAes } = await import("envelock");
const box = (engine) => envelock({ engine, kek: rawAes({ namespace: "ns", name: "n", key: new Uint8Array(32) }) });

/** `length` bytes in chunks of 64 KiB, of which there is only one. */
async function* zeros(length) {
  const chunk = new Uint8Array(65_536);
  for (let at = 0; at < length; at += chunk.length) yield chunk;
}

test("a gibibyte goes through both ways and the module's memory does not grow", async () => {
  const platform = box("webcrypto");
  await platform.open(await platform.seal("the module is loaded, and its memory has its size"));
  assert.equal(memories.length, 1);
  const before = memories[0].buffer.byteLength;
  const gibibyte = 2 ** 30;
  let length = 0;
  for await (const chunk of platform.openStream(platform.sealStream(zeros(gibibyte)))) length += chunk.length;
  assert.equal(length, gibibyte);
  assert.equal(memories[0].buffer.byteLength, before);
});

test("the look at the memory sees what enters it", async () => {
  const before = memories[0].buffer.byteLength;
  await envelock({ engine: "wasm", frameLength: 2 ** 24, kek: rawAes({ namespace: "ns", name: "n", key: new Uint8Array(32) }) }).seal(new Uint8Array(2 ** 24));
  assert.ok(memories[0].buffer.byteLength > before, "a frame of 16 MiB in the module's own engine");
});

test("Node's streams are taken and pipelines go through", async () => {
  const folder = await mkdtemp(join(tmpdir(), "envelock-streams-"));
  try {
    const [plain, sealed, opened] = ["plain", "sealed", "opened"].map((name) => join(folder, name));
    const bytes = Buffer.from(Uint8Array.from({ length: 1_000_003 }, (_, at) => (at * 31) & 255));
    await writeFile(plain, bytes);
    await pipeline(createReadStream(plain), box("auto").sealStream(), createWriteStream(sealed));
    await pipeline(Readable.fromWeb(box("auto").openStream(createReadStream(sealed))), createWriteStream(opened));
    assert.deepEqual(await readFile(opened), bytes);
    const cut = createReadStream(sealed, { end: 700_000 });
    await assert.rejects(pipeline(cut, box("auto").openStream(), createWriteStream(opened)), { code: "ERR_TRUNCATED" });
    await assert.rejects(async () => { for await (const _ of box("auto").openStream(createReadStream(join(folder, "missing")))); }, { code: "ENOENT" });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
