/**
 * From nothing to the first sealed kibibyte: what a short script or a cold edge worker pays.
 *
 * *Invariant:* every sample has a fresh process or page, in which nothing was imported or compiled before.
 */

import { age } from "../contenders/age.mjs";
import { aws } from "../contenders/aws.mjs";
import { client } from "../contenders/envelock.mjs";
import { oneShot } from "../contenders/webcrypto.mjs";
import { spread } from "../harness.mjs";
import { KIB, duration, noise } from "../support.mjs";

/** How often each case runs. */
export const rounds = 15;

/** Milliseconds from the start of the import to the first sealed message. */
const LIMIT = 15;

const ours = (engine) => ({ load }) => timed(() => load("envelock"), async () => client(await load("envelock"), { engine }));
const peer = (name, contender) => (place) => timed(() => place.load(name), () => contender(place));

/** Each returns the milliseconds that importing took, and the first sealed message after it. */
export const cases = {
  envelock: ours("auto"),
  "envelock, wasm engine": ours("wasm"),
  "WebCrypto, one call": () => timed(() => undefined, oneShot),
  age: peer("age", age),
  "AWS SDK": peer("aws", aws),
};

async function timed(load, open) {
  const data = noise(KIB);
  const started = performance.now();
  await load();
  const imported = performance.now();
  await (await open()).seal(data);
  return { import: imported - started, seal: performance.now() - imported };
}

/** From the outcomes of each case. */
export function report(name, outcomes) {
  const rows = Object.entries(outcomes).map(([of, results]) => {
    const [whole, ...parts] = [(result) => result.import + result.seal, (result) => result.import, (result) => result.seal].map((pick) => spread(results.map(({ result }) => pick(result))));
    const target = of === "envelock" ? { value: whole.median, limit: LIMIT, unit: " ms", what: of } : "";
    return [of, ...parts.map(({ median }) => duration(median)), duration(whole.median), `${duration(whole.min)} – ${duration(whole.max)}`, target];
  });
  return [{ title: "first sealed KiB in a fresh process or page", head: ["", "import", "first message", "both", "min – max", "target"], rows }];
}
