/**
 * Seals a file of 256 MiB in a page: how fast, and how long the page does not answer meanwhile.
 *
 * *Invariant:* the time of each contender begins with a file that the page has not read, and ends when every sealed byte is there.
 */

import { client } from "../contenders/envelock.mjs";
import { oneShot } from "../contenders/webcrypto.mjs";
import { compare, ratio, spread } from "../harness.mjs";
import { MIB, ask, drain, duration } from "../support.mjs";

/** File size, by whether it has to be quick; the place makes the file. */
export const fileSize = (quick) => (quick ? 4 : 256) * MIB;

const AGAINST_ONE_CALL = 1.9;
const LONGEST_STALL = 10;

export async function run({ load, worker, file, effort }) {
  const box = client(await load("envelock"));
  const webcrypto = await oneShot();
  const other = worker();
  const work = {
    "WebCrypto, one call": async () => webcrypto.seal(await file.arrayBuffer()),
    "reading alone": () => drain(file.stream()),
    "seal(file)": () => box.seal(file),
    "file.stream(), sealStream()": () => drain(file.stream().pipeThrough(box.sealStream())),
    "sealBlob(file).stream()": async () => drain((await box.sealBlob(file)).stream()),
    "sealStream() in a worker": () => ask(other, { file }),
  };
  const stalls = {};
  const sides = Object.entries(work).map(([name, seal]) => ({
    name,
    async run() {
      const stop = watch();
      await seal();
      (stalls[name] ??= []).push(stop());
    },
  }));
  const race = await compare(sides, effort);
  other.terminate();
  const [oneCall] = race;
  const rows = race.map((side) => {
    const { median, min, max } = spread(side.times);
    const stall = spread(stalls[side.name]);
    const faster = ratio(oneCall, side);
    const ours = side.name.includes("seal");
    return [
      side.name,
      duration(median),
      `${duration(min)} – ${duration(max)}`,
      (file.size / 1000 / median).toFixed(0),
      `${faster.median.toFixed(2)}× (${faster.min.toFixed(2)}–${faster.max.toFixed(2)})`,
      ours ? { value: faster.median, limit: AGAINST_ONE_CALL, atLeast: true, unit: "×", what: `${side.name} against one call` } : "",
      `${duration(stall.median)} (${duration(stall.max)})`,
      ours ? { value: stall.median, limit: LONGEST_STALL, unit: " ms", what: `${side.name}, longest stall` } : "",
    ];
  });
  return [{ title: `seal a file of ${file.size / MIB} MiB`, head: ["", "median", "min – max", "MB/s", "faster than one call by", "target", "longest stall (of all runs)", "target"], rows }];
}

/** Counts how long the page answers to nothing: the longest time between two ticks of a timer, of which a browser grants one every 4 ms. */
function watch() {
  let longest = 0;
  let last = performance.now();
  let timer = setTimeout(tick);
  function tick() {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    timer = setTimeout(tick);
  }
  return () => {
    clearTimeout(timer);
    return Math.max(longest, performance.now() - last);
  };
}
