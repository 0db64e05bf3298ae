/**
 * The entries of the package beside each other: each is one script, and what one makes the others take.
 *
 * *Invariant:* what is looked at is what the tarball holds.
 */

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { run, tarball } from "./support/consumer.mjs";

const folder = await mkdtemp(join(tmpdir(), "envelock-entries-"));
after(() => rm(folder, { recursive: true }));
await run("tar", ["--extract", "--gzip", "--file", await tarball(), "--directory", folder, "--strip-components=1"]);

const { exports } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
const scripts = new Set(Object.values(exports).flatMap((entry) => Object.values(entry)).filter((path) => /^\.\/entry\/.*\.js$/.test(path)));

const entry = (name) => import(pathToFileURL(join(folder, "entry", `${name}.js`)));
const entries = Object.fromEntries(await Promise.all(["node", "inline", "slim", "js"].map(async (name) => [name, await entry(name)])));

/** What a script names in its imports, at its start or later. */
async function imports(path) {
  const text = await readFile(join(folder, path), "utf8");
  return [...text.matchAll(/^(?:import|export) [^"]*?from "([^"]+)"|\bimport\("([^"]+)"\)/gm)].map(([, first, later]) => first ?? later);
}

test("an entry imports nothing of the package but the forms of the module", async () => {
  const expected = {
    "./entry/browser.js": ["../wasm/embedded.js"],
    "./entry/bun.js": ["node:fs/promises", "../wasm/embedded.js"],
    "./entry/deno.js": ["../wasm/embedded.js"],
    "./entry/edge-light.js": ["../wasm/envelock_bg.wasm?module"],
    "./entry/inline.js": ["../wasm/embedded.js"],
    "./entry/js.js": ["../wasm/translated.js"],
    "./entry/node.js": ["node:fs/promises", "../wasm/embedded.js"],
    "./entry/slim.js": [],
    "./entry/workerd.js": ["../wasm/envelock_bg.wasm"],
  };
  const found = await Promise.all([...scripts].map(async (path) => [path, await imports(path)]));
  assert.deepEqual(Object.fromEntries(found), expected);
});

/** Every way to make a KEK that needs no server, by the entry that makes it. */
async function keks({ allOf, anyOf, localKek, rawAes }) {
  const raw = rawAes({ namespace: "ns", name: "n", key: new Uint8Array(32) });
  const local = localKek({ name: "local", key: new Uint8Array(32) });
  const platform = await crypto.subtle.importKey("raw", new Uint8Array(32), "AES-KW", false, ["wrapKey", "unwrapKey"]);
  return { raw, local, platform: localKek({ name: "local", key: platform }), either: anyOf(raw, local), both: allOf(raw, local) };
}

test("in one program, a slim entry without a module takes it from nobody and disturbs nobody", async () => {
  await entries.node.inspect(await entries.inline.envelock({ kek: (await keks(entries.slim)).raw }).seal("x"));
  await assert.rejects(entries.slim.inspect(new Uint8Array(9)), { code: "ERR_MODULE_NOT_GIVEN" });
  entries.slim.useModule(() => readFile(join(folder, "wasm/envelock_bg.wasm")));
});

test("keys made by one entry serve the clients of another, and messages open with a third", async () => {
  const names = Object.keys(entries);
  for (const [at, name] of names.entries()) {
    const [second, third] = [names[(at + 1) % names.length], names[(at + 2) % names.length]];
    const [made, others] = [await keks(entries[name]), await keks(entries[third])];
    for (const kind of Object.keys(made)) {
      const sealed = await entries[second].envelock({ kek: made[kind] }).seal("attack at dawn");
      const opened = await entries[third].envelock({ kek: others[kind] }).open(sealed);
      assert.equal(opened.text(), "attack at dawn", `${kind}: ${name}, ${second}, ${third}`);
    }
    const { apiKey, bearer, keyProtect } = entries[name];
    for (const auth of [apiKey("key"), bearer(() => "token")]) {
      const kek = keyProtect({ endpoint: "http://127.0.0.1:1", instance: "i", key: "k", auth });
      const outcome = entries[second].envelock({ kek }).seal("x", { signal: AbortSignal.timeout(100) });
      await assert.rejects(outcome, { name: "TimeoutError" }, "the key is understood, and its service is asked");
    }
  }
});

test("an error of one entry is an instance of every entry's class, and nothing else is", async () => {
  for (const [name, { inspect }] of Object.entries(entries)) {
    const error = await inspect(new Uint8Array(9)).catch((thrown) => thrown);
    for (const { EnvelockError } of Object.values(entries)) {
      assert.ok(error instanceof EnvelockError && error instanceof Error, name);
    }
  }
  for (const other of [new Error("x"), { code: "ERR_TRUNCATED" }, undefined, null, "ERR_TRUNCATED"]) {
    assert.ok(!(other instanceof entries.node.EnvelockError));
  }
});
