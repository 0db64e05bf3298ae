/**
 * Memory at its peak while a gibibyte streams through, against reading the same stream alone; and of peers that take everything at once.
 *
 * *Invariant:* every case has a process of its own, whose peak the kernel counts.
 */

import { age } from "../contenders/age.mjs";
import { aws } from "../contenders/aws.mjs";
import { client } from "../contenders/envelock.mjs";
import { openpgp } from "../contenders/openpgp.mjs";
import { oneShot } from "../contenders/webcrypto.mjs";
import { spread } from "../harness.mjs";
import { KIB, MIB, drain, noise } from "../support.mjs";

/** Size of the file that cases stream. */
export const fileSize = (quick) => (quick ? 8 : 1024) * MIB;
/** Size of what a case takes at once. */
const AT_ONCE = 256 * MIB;
/** How often each case runs. */
export const rounds = 3;

/** More than reading alone, in MiB. */
const MORE = { Node: 8, Chromium: 16 };
const BASE = "reading alone";
const STREAMS = ["sealStream()", "sealBlob().stream()"];

const box = async ({ load }) => client(await load("envelock"));
const atOnce = (contender) => async (place) => {
  const { seal } = await contender(place);
  await seal(noise(place.quick ? MIB : AT_ONCE));
};

/** Each gets a place whose `file` is the one to stream. */
export const cases = {
  [BASE]: ({ file }) => drain(file.stream()),
  "one message of 1 KiB": async (place) => void (await (await box(place)).seal(noise(KIB))),
  "sealStream()": async (place) => drain(place.file.stream().pipeThrough((await box(place)).sealStream())),
  "sealStream(), then openStream()": async (place) => {
    const { sealStream, openStream } = await box(place);
    return drain(place.file.stream().pipeThrough(sealStream()).pipeThrough(openStream()));
  },
  "sealBlob().stream()": async (place) => drain((await (await box(place)).sealBlob(place.file)).stream()),
  "at once: seal()": atOnce(box),
  "at once: WebCrypto": atOnce(oneShot),
  "at once: AWS SDK": atOnce(aws),
  "at once: age": atOnce(age),
  "at once: OpenPGP.js": atOnce(openpgp),
};

/** From the outcomes of each case: `peak` in KiB. */
export function report(name, outcomes) {
  const peak = (of) => spread(outcomes[of].map(({ peak }) => peak / KIB));
  const base = peak(BASE).median;
  const rows = Object.keys(outcomes).map((of) => {
    const { median, min, max } = peak(of);
    const target = STREAMS.includes(of) ? { value: median - base, limit: MORE[name], unit: " MiB more", what: of } : "";
    return [of, median.toFixed(0), `${min.toFixed(0)} – ${max.toFixed(0)}`, of === BASE ? "" : (median - base).toFixed(0), target];
  });
  return [{ title: "peak memory of the process in MiB; at once: 256 MiB", head: ["", "median", "min – max", "more than reading alone", "target"], rows }];
}
