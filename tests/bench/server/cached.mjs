/**
 * Wrap and unwrap with a token that the server has seen before, each answered after its audit event is on disk.
 */

import { section } from "../report.mjs";
import { race, run } from "./load.mjs";
import { bare, ours, place } from "./stage.mjs";
import { HEAD, row } from "./table.mjs";

const KEYS = 100;
const REQUESTS = 2000;

/** Against the bare server, and alone without load. */
export async function cached({ rounds, seconds }) {
  const [limit, server] = [await bare(), await ours("cached")];
  const keys = await server.api.keys(KEYS);
  const token = await server.api.issue();
  const [wraps, unwraps] = [place("wraps.txt"), place("unwraps.txt")];
  await server.api.wraps(wraps, keys, REQUESTS, () => token);
  await server.api.unwraps(unwraps, keys, REQUESTS);
  const sides = await race(
    [
      { ...limit, requests: wraps },
      { ...server, name: "wrap", requests: wraps },
      { ...server, name: "unwrap", requests: unwraps },
    ],
    { rounds, seconds },
  );
  const [of, ...ourSides] = sides;
  section("Key server", {
    title: "a token seen before, 32 connections",
    head: HEAD,
    rows: [row(of), ...ourSides.map((side) => row(side, { of, share: 0.45, cpu: 30 }))],
  });
  const alone = await run({ ...server, requests: wraps }, { seconds, connections: 1 });
  section("Key server", {
    title: "the same on one connection, nothing else under way",
    head: ["", "p50, ms", "p99, ms", "target"],
    rows: [["wrap", alone.p50.toFixed(2), alone.p99.toFixed(2), { value: alone.p99, limit: 2, unit: " ms", what: "p99" }]],
  });
  await server.process.stop();
  await limit.process.stop();
}
