/**
 * Sends prepared requests as fast as a server answers them, and compares servers.
 *
 * *Invariant:* servers take turns within every round and a ratio is only ever taken between two samples of the same round; a run
 * with one refused or broken request is an error and no figure.
 */

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { spread } from "../harness.mjs";

const REPLAY = fileURLToPath(new URL("replay.lua", import.meta.url));

/** As many clients as the issue of a figure is stated for. */
export const CONNECTIONS = 32;

/**
 * One run of `wrk` against `{ process, url, requests }`, where `requests` is a file of `requests.mjs`: requests a second,
 * milliseconds at the 50th and 99th percentile, microseconds of processor time that the server spent on a request.
 */
export async function run({ process: server, url, requests }, { seconds, connections = CONNECTIONS, threads = 2 }) {
  const of = Math.min(threads, connections);
  const before = server.cpu();
  const args = [`-t${of}`, `-c${connections}`, `-d${seconds}s`, "-s", REPLAY, url, "--", requests, `${of}`];
  const said = await output("wrk", args);
  const spent = server.cpu() - before;
  const result = JSON.parse(said.trim().split("\n").at(-1));
  if (result.refused + result.broken > 0 || result.requests === 0) throw new Error(`requests failed: ${JSON.stringify(result)}`);
  return { rate: result.requests / result.seconds, p50: result.p50, p99: result.p99, cpu: spent / result.requests, requests: result.requests };
}

/** Runs contenders, `{ name, prepare?, …what run takes }`, in turns; gives each its `samples`, one a round. */
export async function race(contenders, { rounds, seconds }) {
  const sides = contenders.map((contender) => ({ ...contender, samples: [] }));
  for (let round = 0; round < rounds; round++) {
    // Who begins changes, so that no one always runs on what another left behind.
    for (let turn = 0; turn < sides.length; turn++) {
      const side = sides[(round + turn) % sides.length];
      const target = side.prepare ? { ...side, ...(await side.prepare()) } : side;
      side.samples.push(await run(target, { seconds, ...side.options }));
    }
  }
  return sides;
}

/** Median, smallest and largest of one figure of a side. */
export function figure(side, name) {
  return spread(side.samples.map((sample) => sample[name]));
}

/** The rate of a side as a part of another's in the same round. */
export function share(side, of) {
  return spread(side.samples.map((sample, round) => sample.rate / of.samples[round].rate));
}

/** Runs a program to its end and returns what it printed. */
export async function output(program, args) {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part) => (text += part));
  const status = await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
  if (status !== 0) throw new Error(`${program} failed (${status})\n${text}`);
  return text;
}
