/**
 * An isolate's side of a group, which the bundler puts in the place of `the-group`.
 *
 * *Invariant:* knows how things are found here, and nothing of what is measured.
 */

import * as envelock from "envelock";
import { run } from "the-group";
import { HASTY, THOROUGH } from "../harness.mjs";

/** The clock has whole milliseconds. */
const EFFORT = { ...THOROUGH, sample: 150 };
/** More turns than any clock that runs needs to show a difference. */
const MANY = 1e8;

export default {
  async fetch({ url }) {
    const quick = new URL(url).searchParams.has("quick");
    if (!clockRuns()) return new Response("Error: the clock stands still while code runs", { status: 500 });
    return Response.json(await run({ name: "workerd", load: async () => envelock, quick, effort: quick ? HASTY : EFFORT }));
  },
};

function clockRuns() {
  const started = performance.now();
  for (let turn = 0; turn < MANY; turn++) if (performance.now() !== started) return true;
  return false;
}
