/**
 * What a person does in the console, step by step.
 *
 * *Invariant:* uses the page as a person would: by what can be seen, typed and clicked.
 */

import assert from "node:assert/strict";
import { saveDownload } from "./files.mjs";

export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export const heading = (page, text) => page.getByRole("heading", { level: 1, name: text });
export const button = (page, text) => page.locator("cds-button:not([disabled])", { hasText: text });
export const field = (page, name) => page.locator(`cds-text-input[name="${name}"] input`);

export async function signIn(page, url) {
  await page.goto(url);
  await heading(page, "Root keys").waitFor();
}

export async function goTo(page, text) {
  const navigation = page.getByRole("navigation", { name: "Main" });
  await navigation.getByRole("link", { name: text }).click();
  // The screen before has a file input of the same kind until the new one is drawn.
  await navigation.locator('a[aria-current="page"]', { hasText: text }).waitFor();
}

export async function createKey(page, name) {
  await goTo(page, "Root keys");
  await button(page, "Create key").click();
  await field(page, "name").fill(name);
  await button(page, "Create key").click();
  await heading(page, name).waitFor();
  return decodeURIComponent(new URL(page.url()).hash.split("/").at(-1));
}

export async function openKey(page, name) {
  await goTo(page, "Root keys");
  await page.getByRole("link", { name, exact: true }).click();
  await heading(page, name).waitFor();
}

export async function expectState(page, state) {
  await page.locator(".title-line cds-tag", { hasText: state }).waitFor();
}

/** Waits for words on the page, in the problem that was raised, and checks what goes with them. */
export async function expectProblem(page, words, code, { requestId = false } = {}) {
  const box = page.locator('[role="alert"] .notice', { hasText: words });
  await box.waitFor();
  assert.equal(await box.getByTestId("problem-code").innerText(), code);
  if (requestId) assert.match(await box.getByTestId("request-id").innerText(), UUID);
}

/** Chooses a file through the file dialog's own input. */
export const choose = (page, path) => page.locator('input[type="file"]').setInputFiles(path);

/** Drags a file from outside the browser onto the drop area, with the browser's own drag machinery. */
export async function drag(page, path) {
  const { x, y, width, height } = await page.locator(".drop").boundingBox();
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [path], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"]) {
    await session.send("Input.dispatchDragEvent", { type, x: x + width / 2, y: y + height / 2, data });
  }
  await session.detach();
}

export async function prepareSeal(page, { key, file, context = {}, by = choose }) {
  await goTo(page, "Seal a file");
  await page.getByLabel("Root key").selectOption({ label: key });
  await by(page, file);
  let n = 0;
  for (const [name, value] of Object.entries(context)) {
    n += 1;
    await page.locator("cds-button", { hasText: "Add a pair" }).click();
    await page.locator(`cds-text-input[label="Name ${n}"] input`).fill(name);
    await page.locator(`cds-text-input[label="Value ${n}"] input`).fill(value);
  }
}

export async function download(page, folder) {
  const link = page.locator("a.download");
  await link.waitFor();
  const [file] = await Promise.all([page.waitForEvent("download"), link.click()]);
  return saveDownload(file, folder);
}

export async function seal(page, folder, options) {
  await prepareSeal(page, options);
  await button(page, "Seal file").click();
  return download(page, folder);
}

export async function prepareOpen(page, path) {
  await goTo(page, "Inspect");
  await goTo(page, "Open a file");
  await choose(page, path);
  await button(page, "Open file").waitFor();
}

export async function open(page, folder, path) {
  await prepareOpen(page, path);
  await button(page, "Open file").click();
  return download(page, folder);
}

/** Watches the progress bar frame by frame; `stop` tells which values were seen and how long the page ever stood still. */
export async function watchProgress(page) {
  await page.evaluate(() => {
    const seen = { values: [], longestPause: 0, running: true };
    let last = performance.now();
    const frame = (now) => {
      seen.longestPause = Math.max(seen.longestPause, now - last);
      last = now;
      const bar = document.querySelector("progress");
      if (bar && seen.values.at(-1) !== bar.value) seen.values.push(bar.value);
      if (seen.running) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    globalThis.seenProgress = seen;
  });
  return {
    stop: () =>
      page.evaluate(() => {
        globalThis.seenProgress.running = false;
        return globalThis.seenProgress;
      }),
  };
}
