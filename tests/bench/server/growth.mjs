/**
 * What many keys and tenants cost: throughput, start-up and memory of a full server beside an almost empty one.
 */

import { section } from "../report.mjs";
import { race } from "./load.mjs";
import { ours, place } from "./stage.mjs";
import { HEAD, row } from "./table.mjs";

const FEW = 100;
/** Keys in use, of however many there are: as many as there are in the small server, and more than are kept at hand. */
const SPREAD = 20_000;
const REQUESTS = 2000;

/** Fills a server and measures it beside one with a hundred keys of one tenant. */
export async function growth({ rounds, seconds, population, tenants }) {
  let [small, full] = [await ours("small"), await ours("full")];
  const fewKeys = await small.api.keys(FEW);
  const begun = performance.now();
  const instances = await full.api.instances(tenants);
  const manyKeys = await full.api.keys(population, instances);
  const filled = (performance.now() - begun) / 1000;
  const again = async (server) => {
    await server.process.stop();
    return ours(server.name, { apiKey: server.api.apiKey });
  };
  [small, full] = [await again(small), await again(full)];
  const started = [small, full].map((server) => ({ took: server.process.took, memory: server.process.memory() }));
  const files = { few: place("few.txt"), hot: place("hot.txt"), wide: place("wide.txt") };
  const [smallToken, fullToken] = [await small.api.issue(), await full.api.issue()];
  const step = Math.max(1, Math.floor(population / FEW));
  await small.api.wraps(files.few, fewKeys, REQUESTS, () => smallToken);
  await full.api.wraps(files.hot, manyKeys.filter((_, number) => number % step === 0).slice(0, FEW), REQUESTS, () => fullToken);
  await full.api.wraps(files.wide, manyKeys, Math.min(SPREAD, population), () => fullToken);
  const [few, hot, wide] = await race(
    [
      { ...small, name: `${FEW} keys of 1 tenant`, requests: files.few },
      { ...full, name: `${FEW} keys in use of ${population}, ${tenants} tenants`, requests: files.hot },
      { ...full, name: `${Math.min(SPREAD, population)} keys in use of these`, requests: files.wide },
    ],
    { rounds, seconds },
  );
  section("Key server", {
    title: "wrap, 32 connections, by number of keys",
    note: `Filling took ${filled.toFixed(0)} s, ${(population / filled).toFixed(0)} keys a second over the API.`,
    head: HEAD,
    rows: [row(few), row(hot, { of: few, share: 0.9 }), row(wide, { of: few })],
  });
  const memory = [small, full].map((server) => server.process.memory());
  section("Key server", {
    title: "start and memory",
    head: ["keys", "start, ms", "MiB after it", "MiB after load"],
    rows: [FEW, population].map((keys, at) => [keys, started[at].took.toFixed(0), started[at].memory.toFixed(0), memory[at].toFixed(0)]),
  });
  await small.process.stop();
  await full.process.stop();
}
