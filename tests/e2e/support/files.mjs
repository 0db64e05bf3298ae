/**
 * Files for the tests, made here: random bytes with readable text among them, so that both would be noticed in a leak.
 *
 * *Invariant:* every 32-byte block of a file differs from every other, so that a find names one place.
 */

import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export async function tempFolder() {
  const path = await mkdtemp(join(tmpdir(), "envelock-e2e-files-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

export async function makeFile(folder, name, size) {
  const lines = [];
  for (let line = 0; line < size / 4 / 64; line += 1) lines.push(`Line ${line} of a letter nobody else may read, number ${line * 7919}.\n`);
  const text = Buffer.from(lines.join("")).subarray(0, Math.floor(size / 4));
  const content = Buffer.concat([randomBytes(size - text.length - Math.floor(size / 3)), text, randomBytes(Math.floor(size / 3))]);
  const path = join(folder, name);
  await writeFile(path, content);
  return { path, name, content, sha256: sha256(content) };
}

export const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

export async function saveDownload(download, folder) {
  const path = join(folder, download.suggestedFilename());
  await download.saveAs(path);
  return { path, name: download.suggestedFilename(), content: await readFile(path) };
}
