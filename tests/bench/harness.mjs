/**
 * Times contenders against each other inside one process, whatever the runtime.
 *
 * *Invariant:* contenders take turns within every round, so that whatever else the machine does falls on all of them,
 * and a ratio is only ever taken between two samples of the same round.
 */

/** A sample lasts at least this long, in milliseconds: far above the resolution of a browser's clock. */
const SAMPLE = 25;
/** Repeating starts once a contender has run for this long, so that it is compiled by then. */
const WARM_UP = 150;
/** A contender that needs longer for one call than this is warm after it. */
const SLOW = 500;
/** However slow the contenders are, so many rounds there are at least. */
const FEWEST_ROUNDS = 3;

/** How thorough to be. A clock of whole milliseconds needs a longer `sample`. */
export const THOROUGH = { rounds: 9, patience: 20_000 };
/** For seeing that everything runs; its figures mean nothing. */
export const HASTY = { rounds: 1, patience: 0 };

/**
 * Runs `{ name, run }` in turns and returns `{ name, times }` for each, milliseconds per call, one entry per round.
 * A contender with `sync: true` is called without awaiting it.
 */
export async function compare(contenders, { rounds, patience, sample = SAMPLE }) {
  const sides = [];
  for (const contender of contenders) sides.push({ ...contender, calls: await warm(contender, sample), times: [] });
  const started = performance.now();
  for (let round = 0; round < rounds; round++) {
    if (round >= FEWEST_ROUNDS && performance.now() - started > patience) break;
    // Who begins changes, so that no one always runs on what another left behind.
    for (let turn = 0; turn < sides.length; turn++) {
      const side = sides[(round + turn) % sides.length];
      collectGarbage();
      side.times.push((await time(side, side.calls)) / side.calls);
    }
  }
  return sides.map(({ name, times }) => ({ name, times }));
}

/** Median, smallest and largest. */
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
  return { median: middle, min: sorted[0], max: sorted.at(-1) };
}

/** How many times as long as `ours` each round of `theirs` took: above 1 where ours is the faster one. */
export function ratio(theirs, ours) {
  return spread(theirs.times.map((time, round) => time / ours.times[round]));
}

/** Outside the time that is taken: what the last sample left behind is not the next one's burden. */
function collectGarbage() {
  globalThis.gc?.();
  globalThis.Bun?.gc(true);
}

/** Runs until compiled; returns how many calls make one sample. */
async function warm(contender, sample) {
  let spent = 0;
  let calls = 1;
  for (;;) {
    const took = await time(contender, calls);
    spent += took;
    const enough = Math.max(1, Math.ceil((calls * sample) / Math.max(took, 0.001)));
    if (spent >= WARM_UP || took / calls >= SLOW) return enough;
    calls = Math.min(enough, 2 * calls);
  }
}

async function time({ run, sync }, calls) {
  const started = performance.now();
  if (sync) for (let call = 0; call < calls; call++) run();
  else for (let call = 0; call < calls; call++) await run();
  return performance.now() - started;
}
