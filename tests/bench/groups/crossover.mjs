/**
 * Finds the size from which the WebCrypto engine is faster than the wasm engine, in one runtime.
 *
 * *Invariant:* both engines make whole messages, with the data key at hand, since that is the choice the package has.
 */

import { cached } from "../contenders/envelock.mjs";
import { ratio, spread } from "../harness.mjs";
import { sealAndOpen } from "../sealing.mjs";
import { KIB, MIB, duration, sizeName } from "../support.mjs";

const SIZES = [256, 512, KIB, 1536, 2 * KIB, 3 * KIB, 4 * KIB, 6 * KIB, 8 * KIB, 12 * KIB, 16 * KIB, 24 * KIB, 32 * KIB, 64 * KIB, 256 * KIB, MIB];
const QUICK = [KIB, 64 * KIB];

export async function run({ load, quick, effort }) {
  const ours = await load("envelock");
  const contenders = [cached(ours, { engine: "webcrypto" }), cached(ours, { engine: "wasm" })];
  const rows = { seal: [], open: [] };
  for (const size of quick ? QUICK : SIZES) {
    const [seal, open] = await sealAndOpen(contenders, size, effort);
    for (const [verb, { race }] of Object.entries({ seal, open })) rows[verb].push({ size, faster: ratio(race[1], race[0]), race });
  }
  return Object.entries(rows).map(([verb, measured]) => ({
    title: `${verb}, engine by size`,
    note: conclusion(measured),
    head: ["", "webcrypto", "wasm", "webcrypto is faster by"],
    rows: measured.map(({ size, faster, race }) => [
      sizeName(size),
      ...race.map(({ times }) => duration(spread(times).median)),
      `${faster.median.toFixed(2)}× (${faster.min.toFixed(2)}–${faster.max.toFixed(2)})`,
    ]),
  }));
}

/** The smallest size from which on WebCrypto never loses. */
function conclusion(measured) {
  const lost = measured.findLastIndex(({ faster }) => faster.median < 1);
  const from = measured[lost + 1];
  return from === undefined ? "The wasm engine is faster at every size." : `WebCrypto is the faster one from ${sizeName(from.size)} on.`;
}
