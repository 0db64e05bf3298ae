/**
 * Races contenders over one size of data: sealing, then opening.
 *
 * *Invariant:* every contender's message is opened and compared with the data before anything is timed.
 */

import { compare } from "./harness.mjs";
import { noise, same, sizeName } from "./support.mjs";

/** Who takes part, and how many times as fast the first one has to be: for `seal`, `open`, or both. */
export const against = (contender, targets) => ({ ...contender, targets });

/** The two parts of a report. `words` end their titles. */
export async function sealAndOpen(contenders, size, effort, words = "") {
  const data = noise(size);
  const messages = [];
  for (const { name, seal, open } of contenders) {
    messages.push(await seal(data));
    await same(await open(messages.at(-1)), data, name);
  }
  const parts = [];
  for (const verb of ["seal", "open"]) {
    const sides = contenders.map((contender, at) => {
      const input = verb === "seal" ? data : messages[at];
      return { name: contender.name, sync: contender.sync, run: () => contender[verb](input) };
    });
    const race = await compare(sides, effort);
    race.forEach((side, at) => (side.atLeast = contenders[at].targets?.[verb]));
    parts.push({ title: `${verb} ${sizeName(size)}${words}`, bytes: size, race });
  }
  return parts;
}
