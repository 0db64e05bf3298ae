/**
 * What sharing commits gains: durable answers a second, beside a journal that commits each of its rows alone.
 *
 * The other side is given every advantage: no HTTP, no token, no encryption, one thread that writes one row after the other.
 */

import { mkdirSync } from "node:fs";
import { spread } from "../harness.mjs";
import { section } from "../report.mjs";
import { output, run } from "./load.mjs";
import { BARE, ours, place } from "./stage.mjs";

/** Against single commits on the same disk, in turns. */
export async function commits({ rounds, seconds }) {
  const server = await ours("commits");
  const requests = place("commits.txt");
  const folder = place("single");
  mkdirSync(folder, { recursive: true });
  const token = await server.api.issue();
  await server.api.wraps(requests, await server.api.keys(1), 2000, () => token);
  const [single, grouped] = [[], []];
  for (let round = 0; round < rounds; round++) {
    single.push(Number(await output(BARE, ["commits", folder, `${seconds}`])));
    grouped.push((await run({ ...server, requests }, { seconds })).rate);
  }
  const gain = spread(grouped.map((rate, round) => rate / single[round]));
  const cells = (values) => [spread(values).median, spread(values).min, spread(values).max].map((rate) => rate.toFixed(0));
  section("Key server", {
    title: "durable events a second",
    head: ["", "median", "min", "max", "gain", "target"],
    rows: [
      ["one row a commit, without a server", ...cells(single), "", ""],
      ["wrap, 32 connections", ...cells(grouped), `${gain.median.toFixed(1)}×`, { value: gain.median, limit: 5, atLeast: true, unit: "×", what: "gain" }],
    ],
  });
  await server.process.stop();
}
