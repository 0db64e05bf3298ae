/**
 * Prints what was measured, as tables that read well in a terminal and in Markdown.
 *
 * *Invariant:* no figure stands without its peer from the same run, its spread, and the load of the machine.
 */

import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg } from "node:os";
import { ratio, spread } from "./harness.mjs";
import { duration } from "./support.mjs";

const missed = [];
let targets = 0;

/** Says on what the figures were taken. */
export function header(title) {
  console.log(`# ${title}\n`);
  console.log(`${new Date().toISOString()}, ${availableParallelism()} cores, ${cpus()[0]?.model ?? "unknown processor"}; load ${load()}.`);
}

/** Prints one part of a group's result. */
export function section(place, part) {
  console.log(`\n## ${place}: ${part.title} (load ${load()})\n`);
  if (part.note) console.log(`${part.note}\n`);
  if (part.race) race(place, part);
  if (part.rows) table(part.head, part.rows.map((row) => row.map((cell) => (cell?.limit === undefined ? cell : judged(place, part, cell)))));
}

/** Lists the targets that were not reached. */
export function verdict() {
  if (targets > 0) console.log(`\n${targets - missed.length} of ${targets} targets reached.`);
  for (const line of missed) console.log(`- ${line}`);
}

/** Contenders of one race, each against the first. */
function race(place, { title, bytes, race: sides }) {
  const [ours] = sides;
  const rows = sides.map((side) => {
    const { median, min, max } = spread(side.times);
    const speed = bytes === undefined ? [] : [(bytes / 1000 / median).toFixed(1)];
    const against = side === ours ? undefined : ratio(side, ours);
    const shown = against && `${against.median.toFixed(2)}× (${against.min.toFixed(2)}–${against.max.toFixed(2)})`;
    const target = side.atLeast && judged(place, { title }, { value: against.median, limit: side.atLeast, atLeast: true, unit: "×", what: `against ${side.name}` });
    return [side.name, duration(median), `${duration(min)} – ${duration(max)}`, ...speed, shown ?? "", target ?? ""];
  });
  const unit = bytes === undefined ? [] : ["MB/s"];
  table(["", "median", "min – max", ...unit, `${ours.name} is faster by`, "target"], rows);
}

/** A figure with a limit: shows both, and remembers a target that was missed. */
function judged(place, { title }, { value, limit, atLeast = false, unit = "", what = "" }) {
  targets++;
  const reached = atLeast ? value >= limit : value <= limit;
  const text = `${atLeast ? "≥" : "≤"} ${+limit.toFixed(2)}${unit}`;
  if (!reached) missed.push(`${place}: ${title}, ${what}: ${value.toFixed(2)}${unit}, not ${text}`);
  return `${text} ${reached ? "reached" : "MISSED"}`;
}

function table(head, rows) {
  const all = [head, ...rows].map((row) => row.map((cell) => String(cell ?? "")));
  const widths = head.map((_, column) => Math.max(...all.map((row) => [...row[column]].length), 3));
  const line = (row) => `| ${row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]))).join(" | ")} |`;
  const [first, ...rest] = all;
  const rule = `| ${widths.map((width, at) => (at === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  for (const text of [line(first), rule, ...rest.map(line)]) console.log(text);
}

function load() {
  try {
    return readFileSync("/proc/loadavg", "utf8").split(" ").slice(0, 3).join(" ");
  } catch {
    return loadavg().map((value) => value.toFixed(2)).join(" ");
  }
}
