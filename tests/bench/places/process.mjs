/**
 * Runs a group, or one case of a group, in a process of its own: in Node, or in a runtime that offers Node's modules.
 * Usage: process.mjs GROUP [--case CASE] [--file FILE] [--quick]; prints the outcome as JSON.
 *
 * *Invariant:* knows how things are found here, and nothing of what is measured.
 */

import { openAsBlob, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { HASTY, THOROUGH } from "../harness.mjs";

const found = (tree, name) => import(pathToFileURL(createRequire(join(process.env.ENVELOCK_CONFORMANCE, tree, "package.json")).resolve(name)));
const LOADED = {
  envelock: () => import("envelock"),
  aws: () => found("node-aws", "@aws-crypto/client-node"),
  age: () => found("bench-peers", "age-encryption"),
  openpgp: () => found("bench-peers", "openpgp"),
};

const options = { case: { type: "string" }, file: { type: "string" }, quick: { type: "boolean", default: false } };
const { values, positionals } = parseArgs({ options, allowPositionals: true });
const { file, quick } = values;
const place = {
  name: globalThis.Deno ? "Deno" : globalThis.Bun ? "Bun" : "Node",
  load: (name) => LOADED[name](),
  file: file && (await openAsBlob(file)),
  quick,
  effort: quick ? HASTY : THOROUGH,
};

const group = await import(`../groups/${positionals[0]}.mjs`);
const outcome = values.case === undefined ? await group.run(place) : { result: await group.cases[values.case](place), peak: peak() };
console.log(JSON.stringify(outcome));

/** KiB. Not `maxRSS`, which begins with what the parent process had when it started this one. */
function peak() {
  return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))[1]);
}
