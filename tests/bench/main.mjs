/**
 * Runs groups of measurements where they belong, and prints the report.
 * Usage: main.mjs GROUP... [--in PLACE]... [--quick]
 *
 * *Invariant:* one group, or one case of it, at a time and in a fresh process, so that none pays for another.
 *
 * Started by `cargo xtask bench`, which sets ENVELOCK_CONFORMANCE (the folder with the peers' trees), ENVELOCK_BENCH (a
 * folder for files made here), ENVELOCK_WORKERS (the folder where Miniflare is installed) and ENVELOCK_CHROMIUM.
 */

import { execFile } from "node:child_process";
import { truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { bundles } from "./bundle.mjs";
import * as chromium from "./places/chromium.mjs";
import * as workerd from "./places/workerd.mjs";
import { header, section, verdict } from "./report.mjs";
import { sizes } from "./size.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const { ENVELOCK_CONFORMANCE, ENVELOCK_BENCH, ENVELOCK_WORKERS } = process.env;

/** Where each group runs. */
const GROUPS = {
  bulk: ["Node", "Chromium"],
  small: ["Node", "Chromium"],
  file: ["Chromium"],
  workers: ["Chromium"],
  memory: ["Node", "Chromium"],
  first: ["Node", "Chromium"],
  crossover: ["Node", "Deno", "Bun", "Chromium", "workerd"],
  frames: ["Node", "Chromium"],
};

const options = { in: { type: "string", multiple: true }, quick: { type: "boolean", default: false } };
const { values, positionals } = parseArgs({ options, allowPositionals: true });
const { quick } = values;

const peers = join(ENVELOCK_CONFORMANCE, "bench-peers");
const PLACES = {
  Node: inProcess(process.execPath, "--expose-gc"),
  Deno: inProcess(join(peers, "node_modules/@deno/linux-x64-glibc/deno"), "run", "--allow-all", "--v8-flags=--expose-gc"),
  Bun: inProcess(join(peers, "node_modules/@oven/bun-linux-x64/bin/bun")),
  Chromium: (task) => chromium.run(server, task),
  workerd: (task) => workerd.run({ project: ENVELOCK_WORKERS, folder: ENVELOCK_BENCH }, task),
};

function inProcess(...command) {
  const [program, ...flags] = [...command, join(here, "places/process.mjs")];
  return async ({ group, ...task }) => {
    const given = Object.entries(task).filter(([, value]) => value);
    const rest = given.flatMap(([name, value]) => (value === true ? [`--${name}`] : [`--${name}`, value]));
    const { stdout } = await promisify(execFile)(program, [...flags, group, ...rest], { maxBuffer: 2 ** 26 });
    return JSON.parse(stdout);
  };
}

/** The parts of the report for a group in a place. */
async function measured(group, place) {
  const { cases, fileSize, report, rounds } = await import(`./groups/${group}.mjs`);
  const task = { group, quick, file: fileSize && emptyFile(group, fileSize(quick)) };
  if (cases === undefined) return PLACES[place](task);
  const outcomes = Object.fromEntries(Object.keys(cases).map((name) => [name, []]));
  const failures = {};
  for (let round = 0; round < (quick ? 1 : rounds); round++) {
    for (const name of Object.keys(outcomes)) {
      try {
        outcomes[name].push(await PLACES[place]({ ...task, case: name }));
      } catch (error) {
        failures[name] = error;
        delete outcomes[name];
      }
    }
  }
  const note = Object.entries(failures).map(([name, error]) => `Fails: ${name}: ${reason(error)}`).join("\n");
  return report(place, outcomes).map((part) => ({ note, ...part }));
}

/** The line that names what was thrown, of a page or of a process. */
function reason({ message }) {
  return /^.*Error: (?!Command failed).*$/m.exec(message)?.[0].trim() ?? message.split("\n")[0];
}

/** A file with nothing in it takes no room on the disk, and is no faster to encrypt. */
function emptyFile(name, size) {
  const path = join(ENVELOCK_BENCH, `${name}.bin`);
  writeFileSync(path, "");
  truncateSync(path, size);
  return path;
}

const made = await bundles(peers, ENVELOCK_BENCH);
const server = await chromium.serve();
header("Client benchmarks");
for (const group of positionals) {
  if (group === "size") section("Page", await sizes(made));
  for (const place of GROUPS[group] ?? []) {
    if (values.in && !values.in.includes(place)) continue;
    // The others are still worth measuring.
    const parts = await measured(group, place).catch((error) => [{ title: group, note: `Fails: ${reason(error)}` }]);
    for (const part of parts) section(place, part);
  }
}
server.stop();
verdict();
