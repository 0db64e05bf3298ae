/**
 * Notes what ran where, and prints it as a table: a line for each runtime, a column for each way the package got there.
 *
 * *Invariant:* a cell is what the runtime itself reported.
 */

import { mkdir, readFile, readdir, rename, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { after, test } from "node:test";
import { ROOT } from "./consumer.mjs";

const FOLDER = join(ROOT, "target/runtimes");
const cells = [];

/** A test for one cell of the table. `work` resolves with the outcome of the suite. */
export function cell(runtime, way, work) {
  const note = { runtime, way, passed: "none" };
  cells.push(note);
  expect(`${runtime}: ${way}`, work, note);
}

/** A test for an outcome that has no cell in the table. */
export function expect(name, work, note = {}) {
  test(name, async () => {
    const { total, failed } = await work();
    note.passed = failed.length === 0 ? `${total}` : `${total - failed.length} of ${total}`;
    if (total === 0) throw new Error("no case was chosen");
    // What breaks everything needs to be read once only.
    const shown = failed.slice(0, 5).map(({ name, error }) => `${name}\n${error.replaceAll(/^/gm, "    ")}`);
    if (failed.length > 0) throw new Error(`${failed.length} of ${total} cases failed\n${shown.join("\n")}`);
  });
}

after(async () => {
  await mkdir(FOLDER, { recursive: true });
  await put(`${basename(process.argv[1], ".test.mjs")}.json`, JSON.stringify(cells));
  await put("matrix.txt", await table());
});

/** Another runner that reads the file meanwhile must not see half of it. */
async function put(name, text) {
  const unfinished = join(FOLDER, `${name}.${process.pid}`);
  await writeFile(unfinished, text);
  await rename(unfinished, join(FOLDER, name));
}

async function table() {
  const files = (await readdir(FOLDER)).filter((file) => file.endsWith(".json")).sort();
  const all = (await Promise.all(files.map(async (file) => JSON.parse(await readFile(join(FOLDER, file), "utf8"))))).flat();
  const ways = [...new Set(all.map(({ way }) => way))];
  const runtimes = [...new Set(all.map(({ runtime }) => runtime))];
  const found = (runtime, way) => all.find((cell) => cell.runtime === runtime && cell.way === way)?.passed ?? "";
  const rows = [["cases passed", ...ways], ...runtimes.map((runtime) => [runtime, ...ways.map((way) => found(runtime, way))])];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => row.map((text, column) => text.padEnd(widths[column])).join("  ").trimEnd()).join("\n") + "\n";
}
