/**
 * Programs that serve while a test talks to them.
 *
 * *Invariant:* nothing is asked before the program says itself that it listens.
 */

import { createInterface } from "node:readline";

/** Where a started program listens, as it says itself: the first group of `words` in its output. */
export async function address(program, words) {
  let said = "";
  for await (const line of createInterface(program.stdout)) {
    said += `${line}\n`;
    const found = words.exec(line);
    if (found) return found[1];
  }
  throw new Error(`it ended before it was ready:\n${said}`);
}
