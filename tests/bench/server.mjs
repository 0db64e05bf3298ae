/**
 * Figures of the key server beside what limits it: a server that only encrypts, and a journal that commits each row alone.
 *
 * *Invariant:* ours and the limit take turns in one run; what is measured is the release binary with its own defaults on a real disk.
 *
 * Started by `cargo xtask bench server`, which sets ENVELOCK_KEYSERVER and ENVELOCK_BARE (programs) and ENVELOCK_BENCH (an empty
 * folder). Arguments: the groups to run, `--quick`.
 */

import { header, verdict } from "./report.mjs";
import { commits } from "./server/commits.mjs";
import { first } from "./server/first.mjs";
import { growth } from "./server/growth.mjs";
import { cached } from "./server/cached.mjs";

const GROUPS = { cached, first, commits, growth };
const THOROUGH = { rounds: 5, seconds: 3, population: 100_000, tenants: 1000 };
/** For seeing that everything runs; its figures mean nothing. */
const HASTY = { rounds: 1, seconds: 1, population: 500, tenants: 5 };

const args = process.argv.slice(2);
const effort = args.includes("--quick") ? HASTY : args.includes("--full") ? { ...THOROUGH, population: 1_000_000 } : THOROUGH;
const chosen = args.filter((arg) => !arg.startsWith("--"));

header("Key server benchmark");
for (const name of chosen) await GROUPS[name](effort);
verdict();
process.exit();
