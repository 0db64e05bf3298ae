/**
 * Wrap with a token that the server has not seen before, for each request another.
 */

import { section } from "../report.mjs";
import { race } from "./load.mjs";
import { all } from "./requests.mjs";
import { bare, ours, place } from "./stage.mjs";
import { HEAD, row } from "./table.mjs";

/** More than are used in the time; the server is started anew for each round, so that they are new again. */
const TOKENS = 30_000;
const SECONDS = 1;

/** Against the bare server. */
export async function first({ rounds }) {
  const requests = place("first.txt");
  const limit = await bare();
  let server = await ours("first");
  const { apiKey } = server.api;
  const keys = await server.api.keys(1);
  const tokens = await all(rounds > 1 ? TOKENS : TOKENS / 10, () => server.api.issue());
  await server.api.wraps(requests, keys, tokens.length, (number) => tokens[number]);
  const again = async () => {
    await server.process.stop();
    server = await ours("first", { apiKey });
    return server;
  };
  const [of, side] = await race(
    [
      { ...limit, requests },
      { name: "wrap", prepare: again, requests },
    ],
    { rounds, seconds: SECONDS },
  );
  if (side.samples.some((sample) => sample.requests > tokens.length)) throw new Error("there were fewer tokens than requests");
  section("Key server", {
    title: "a token never seen before for each request, 32 connections",
    head: HEAD,
    rows: [row(of), row(side, { of, share: 0.2 })],
  });
  await server.process.stop();
  await limit.process.stop();
}
