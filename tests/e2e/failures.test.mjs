/** What the page says when a file does not open, each cause in its own words, and what cancelling does. */

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startBrowser } from "./support/browser.mjs";
import { button, choose, createKey, expectProblem, goTo, prepareOpen, prepareSeal, seal, signIn } from "./support/console.mjs";
import { makeFile, tempFolder } from "./support/files.mjs";
import { startServer } from "./support/server.mjs";

const KEY = "failures-root";
let server, browser, page, folder, original, sealed;

before(async () => {
  server = await startServer();
  browser = await startBrowser(server);
  folder = await tempFolder();
  page = await browser.newPage();
  original = await makeFile(folder.path, "letter.txt", 700_000);
  await signIn(page, server.sign_in_url);
  await createKey(page, KEY);
  sealed = await seal(page, folder.path, { key: KEY, file: original.path, context: { tenant: "t1" } });
});

after(async () => {
  await browser?.stop();
  await server?.stop();
  await folder?.remove();
});

async function variant(name, change) {
  const bytes = Buffer.from(sealed.content);
  const path = join(folder.path, `${name}.sealed`);
  await writeFile(path, change(bytes) ?? bytes);
  return path;
}

async function expectNotOpened(path, words, code) {
  await prepareOpen(page, path);
  await button(page, "Open file").click();
  await expectProblem(page, words, code);
  assert.equal(await page.locator("a.download").count(), 0);
}

test("a changed byte of the content", async () => {
  await expectNotOpened(await variant("changed", (bytes) => void (bytes[bytes.length - 200_000] ^= 1)), "tampered with or damaged", "ERR_FRAME_AUTHENTICATION");
});

test("a missing end", async () => {
  await expectNotOpened(await variant("short", (bytes) => bytes.subarray(0, -5000)), "The end of this file is missing", "ERR_TRUNCATED");
});

test("an added end", async () => {
  await expectNotOpened(await variant("long", (bytes) => Buffer.concat([bytes, Buffer.from("more")])), "Something was added to this file", "ERR_TRAILING_DATA");
});

test("a file that was never sealed", async () => {
  await goTo(page, "Open a file");
  await choose(page, original.path);
  await expectProblem(page, "This is not a sealed file", "ERR_NOT_AN_ENVELOPE");
  assert.equal(await button(page, "Open file").count(), 0);
});

test("an expected context that the file does not have", async () => {
  await prepareOpen(page, sealed.path);
  await page.locator("cds-button", { hasText: "Add a pair" }).click();
  await page.locator('cds-text-input[label="Name 1"] input').fill("tenant");
  await page.locator('cds-text-input[label="Value 1"] input').fill("t2");
  await button(page, "Open file").click();
  await expectProblem(page, "This is not the file you expected", "ERR_CONTEXT_MISMATCH");
});

test("a context pair without a name is asked for before anything is sealed", async () => {
  await prepareSeal(page, { key: KEY, file: original.path, context: { "": "value" } });
  await button(page, "Seal file").click();
  await page.getByText("Give this pair a name, or remove it.").waitFor();
  assert.equal(await page.locator("a.download").count(), 0);
});

test("a key of another key server", async () => {
  const foreign = await variant("foreign", (bytes) => {
    const at = bytes.indexOf(server.instance);
    bytes.write("00000000-0000-4000-8000-000000000000", at, "latin1");
  });
  await goTo(page, "Open a file");
  await choose(page, foreign);
  await page.getByText("No key of this key server").waitFor();
});

test("cancelling stops the work and keeps nothing", async () => {
  const large = await makeFile(folder.path, "large.bin", 200_000_000);
  await prepareSeal(page, { key: KEY, file: large.path });
  await button(page, "Seal file").click();
  await page.locator("progress").waitFor();
  await page.locator(".progress cds-button", { hasText: "Cancel" }).click();
  await page.locator("progress").waitFor({ state: "detached" });
  await page.getByText("Stopped. Nothing was kept.").waitFor({ state: "attached" });
  assert.equal(await page.locator("a.download").count(), 0);
  await button(page, "Seal file").waitFor();
});

test("a key server that went away is named as such, and the page recovers by itself", async () => {
  await page.route("**/api/v2/**", (route) => route.abort());
  await goTo(page, "Root keys");
  await expectProblem(page, "The key server does not answer", "UNREACHABLE");
  await page.unroute("**/api/v2/**");
  await button(page, "Try again").click();
  await page.getByRole("link", { name: KEY }).waitFor();
});

test("the page had no trouble with its security policy", () => {
  assert.deepEqual(browser.complaints, []);
});
