/**
 * Runs the suite over a copy of the package, in whatever runtime this is loaded.
 *
 * *Invariant:* every case ends in the outcome, passed or failed; the outcome is plain data.
 */

import { cases } from "./suite.mjs";
import { official, vectors } from "./vectors.mjs";

/** A case that hangs must not hide the others. */
const PATIENCE = 60_000;

/** Cases that take as long as all others together. */
const LONG = /: (sizes around|chunks of any size|a reader that stops, stops|a cancel at any step)/;

/** Runs every case; or, in `brief`, those that are enough where only the way differs in which the package is loaded. */
export function run(envelock, extent = "all") {
  const brief = (name) => name.startsWith("auto: ") && !LONG.test(name);
  return outcome(Object.entries(cases(envelock, vectors, official)).filter(([name]) => extent === "all" || brief(name)));
}

/** How many cases there were, and the names and errors of those that failed. */
export async function outcome(chosen) {
  const failed = [];
  for (const [name, work] of chosen) {
    await within(work).catch((error) => failed.push({ name, error: describe(error) }));
  }
  return { total: chosen.length, failed };
}

/** An error as text, with what caused it. */
export function describe(error) {
  // Not every engine repeats the message in the stack.
  const text = `${error?.code ?? ""} ${error}\n${error?.stack ?? ""}`.trim();
  return error?.cause === undefined ? text : `${text}\ncaused by ${describe(error.cause)}`;
}

function within(work) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${PATIENCE / 1000} s`)), PATIENCE);
  });
  return Promise.race([work(), late]).finally(() => clearTimeout(timer));
}
