/**
 * The servers of the benchmark: ours, in a data directory of its own, and the bare one.
 *
 * *Invariant:* the only place that knows where programs and data are.
 */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { start } from "./process.mjs";
import { Api } from "./requests.mjs";

const { ENVELOCK_BARE, ENVELOCK_BENCH, ENVELOCK_KEYSERVER } = process.env;

/** The program of limits, for what it does besides serving. */
export const BARE = ENVELOCK_BARE;

/** A file or folder of the benchmark. */
export function place(name) {
  return join(ENVELOCK_BENCH, name);
}

/** Starts the bare server. */
export async function bare() {
  const server = await start(ENVELOCK_BARE, ["serve"], place("bare.log"));
  return { name: "bare server", process: server, url: server.said };
}

/** Starts a key server on this data directory, which is made if missing; `apiKey` is known from its first start. */
export async function ours(name, { apiKey, args = [] } = {}) {
  const data = place(name);
  mkdirSync(data, { recursive: true });
  // Thousands of tokens a second for one address are what is measured, and no attack.
  const unlimited = ["--rate-limit-sign-in", "0"];
  const options = ["--output", "json", "--listen", "127.0.0.1:0", "--data", data, ...unlimited, ...args];
  const server = await start(ENVELOCK_KEYSERVER, options, place(`${name}.log`));
  const ready = JSON.parse(server.said);
  const api = new Api(ready, apiKey ?? ready.api_key);
  return { name, process: server, url: ready.url, api };
}
