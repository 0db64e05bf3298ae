/**
 * The main job, end to end, on a real 20 MB file in a real browser; and the proof that the file never left the page.
 *
 * The steps build on one another, as they do for a newcomer; the proofs at the end cover everything before them.
 */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { apiKey, envelock, keyProtect } from "envelock";
import { startBrowser } from "./support/browser.mjs";
import * as console_ from "./support/console.mjs";
import { makeFile, sha256, tempFolder } from "./support/files.mjs";
import { leakDetector } from "./support/leak.mjs";
import { startServer } from "./support/server.mjs";

const { button, choose, createKey, download, drag, expectProblem, expectState, field, goTo, heading, openKey, prepareOpen, prepareSeal, seal, watchProgress } = console_;
const KEY = "story-root";
const CONTEXT = { tenant: "t1", purpose: "end-to-end" };
const WAIT_MS = 45_000;

let server, browser, page, folder, original, sealed, keyId, imported;

before(async () => {
  server = await startServer();
  browser = await startBrowser(server);
  folder = await tempFolder();
  original = await makeFile(folder.path, "holiday film.bin", 20_000_000);
  page = await browser.newPage();
});

after(async () => {
  await browser?.stop();
  await server?.stop();
  await folder?.remove();
});

const openAgain = async () => console_.open(page, folder.path, sealed.path);
const isOriginal = (file) => assert.equal(sha256(file.content), original.sha256);

test("the one-time link signs in and leaves no code in the address bar", async () => {
  await console_.signIn(page, server.sign_in_url);
  const code = new URL(server.sign_in_url).hash.split("code=")[1];
  assert.ok(code.length > 20);
  assert.ok(!page.url().includes(code));
  await page.getByRole("heading", { name: "Create your first root key" }).waitFor();
});

test("a root key is created and shown as active", async () => {
  keyId = await createKey(page, KEY);
  assert.match(keyId, console_.UUID);
  await expectState(page, "Active");
  assert.match(await page.locator(".facts").innerText(), /crn:v1:bluemix:public:kms:us-south:a\//);
});

test("a key is imported, after material of a wrong length was refused in words", async () => {
  await goTo(page, "Root keys");
  await button(page, "Import key").click();
  await field(page, "name").fill("imported-root");
  const material = page.locator("ev-material-input input");
  await material.fill(randomBytes(20).toString("base64"));
  await page.getByText("This is 20 bytes (160 bits). A root key needs 16, 24 or 32 bytes").waitFor();
  await material.fill("abc*");
  await page.getByText("“*” at position 4 is not in the base64 alphabet").waitFor();
  await button(page, "Import key").click();
  await heading(page, "Import a root key").waitFor();
  imported = randomBytes(24);
  await material.fill(imported.toString("base64"));
  await page.getByText("192 bits: 24 bytes decoded. This can be used.").waitFor();
  await button(page, "Import key").click();
  await heading(page, "imported-root").waitFor();
  await page.getByText("Imported by you").waitFor();
  await page.getByText("AES-192").waitFor();
});

test("the 20 MB file is chosen, sealed with visible progress, and downloaded", async () => {
  await prepareSeal(page, { key: KEY, file: original.path, context: CONTEXT });
  const progress = await watchProgress(page);
  await button(page, "Seal file").click();
  sealed = await download(page, folder.path);
  const { values, longestPause } = await progress.stop();
  assert.equal(sealed.name, "holiday film.bin.sealed");
  assert.ok(values.some((value) => value > 0 && value < 100), `progress showed only ${values}`);
  assert.ok(longestPause < 2000, `the page stood still for ${longestPause} ms`);
  assert.ok(sealed.content.length > original.content.length);
  assert.ok(!sealed.content.includes(original.content.subarray(0, 64)));
});

test("it opens again to the same bytes, under its first name", async () => {
  await prepareOpen(page, sealed.path);
  assert.equal(await page.getByTestId("sealed-under").innerText(), KEY);
  await page.getByText("tenant = t1").waitFor();
  const progress = await watchProgress(page);
  await button(page, "Open file").click();
  const opened = await download(page, folder.path);
  const { values } = await progress.stop();
  assert.equal(opened.name, original.name);
  isOriginal(opened);
  assert.ok(values.some((value) => value > 0 && value < 100), `progress showed only ${values}`);
});

test("the same file is dragged onto the page, sealed, and opens to the same bytes", async () => {
  const dragged = await seal(page, folder.path, { key: KEY, file: original.path, by: drag });
  assert.notEqual(sha256(dragged.content), sha256(sealed.content));
  await goTo(page, "Open a file");
  await drag(page, dragged.path);
  await button(page, "Open file").click();
  isOriginal(await download(page, folder.path));
  // The first sealed file had the same name; put it back for the steps to come.
  await writeFile(sealed.path, sealed.content);
});

test("the lens shows what the header says, and that it is not proven", async () => {
  await goTo(page, "Inspect");
  await choose(page, sealed.path);
  const lens = page.locator(".lens");
  await lens.getByRole("link", { name: KEY }).waitFor();
  const text = await lens.innerText();
  for (const part of ["Not authenticated yet", "0x0478", "opens under exactly one data key", "tenant", "t1", "envelock-key-protect-v1", `${server.instance}/${keyId}`, "20,000,000 bytes"]) {
    assert.ok(text.includes(part), `the lens does not show ${part}`);
  }
});

test("after a rotation the file still opens", async () => {
  await openKey(page, KEY);
  assert.equal(await page.locator("ev-key tbody tr").count(), 1);
  await button(page, "Rotate").click();
  await button(page, "Rotate key").click();
  await page.locator(".notice", { hasText: "The key was rotated. It has a new version." }).waitFor();
  await page.locator("ev-key tbody tr").nth(1).waitFor();
  isOriginal(await openAgain());
});

test("a second rotation within the hour is refused in words", async () => {
  await openKey(page, KEY);
  await button(page, "Rotate").click();
  await button(page, "Rotate key").click();
  await expectProblem(page, "A key can be rotated once an hour.", "KEY_ROTATION_NOT_PERMITTED", { requestId: true });
  await page.keyboard.press("Escape");
});

test("Node opens what the page sealed, and the page opens what Node sealed", async () => {
  const kek = keyProtect({ endpoint: server.url, instance: server.instance, key: keyId, auth: apiKey(server.api_key) });
  const box = envelock({ kek });
  const opened = await box.open(await readFile(sealed.path), { context: CONTEXT });
  assert.equal(sha256(opened), original.sha256);
  assert.deepEqual({ ...opened.context }, CONTEXT);
  const path = join(folder.path, "from node.bin.sealed");
  await writeFile(path, await box.seal(original.content, { context: CONTEXT }));
  const back = await console_.open(page, folder.path, path);
  assert.equal(back.name, "from node.bin");
  isOriginal(back);
});

test("while the key is disabled the file does not open, and does again 30 seconds later", async () => {
  await openKey(page, KEY);
  await button(page, "Disable").click();
  await button(page, "Disable key").click();
  await expectState(page, "Disabled");
  await page.locator("cds-button[disabled]", { hasText: /Enable in \d+ s/ }).waitFor();
  await prepareOpen(page, sealed.path);
  await button(page, "Open file").click();
  await expectProblem(page, "The root key is disabled", "ERR_KEY_DISABLED", { requestId: true });
  assert.equal(await page.locator("a.download").count(), 0);
  await openKey(page, KEY);
  await page.locator("cds-button:not([disabled])", { hasText: /^\s*Enable\s*$/ }).click({ timeout: WAIT_MS });
  await expectState(page, "Active");
  isOriginal(await openAgain());
});

test("deleting takes the typed name; then the file does not open, and does again when restored", async () => {
  await openKey(page, KEY);
  await button(page, "Delete").click();
  await page.getByText("becomes unreadable at once").waitFor();
  await page.getByText("You can restore the key within 30 days").waitFor();
  await field(page, "confirm").fill("story-rot");
  await button(page, "Delete key").click();
  await page.getByText("This is not the name of the key.").waitFor();
  await field(page, "confirm").fill(KEY);
  await button(page, "Delete key").click();
  await expectState(page, "Deleted");
  await prepareOpen(page, sealed.path);
  await button(page, "Open file").click();
  await expectProblem(page, "The root key is deleted", "ERR_KEY_DELETED", { requestId: true });
  await goTo(page, "Root keys");
  await page.getByRole("link", { name: "imported-root" }).waitFor();
  assert.equal(await page.getByRole("link", { name: KEY }).count(), 0);
  await page.locator("cds-checkbox", { hasText: "Show deleted keys" }).click();
  await page.getByRole("link", { name: KEY }).click();
  await page.locator("cds-button:not([disabled])", { hasText: /^\s*Restore\s*$/ }).click({ timeout: WAIT_MS });
  await expectState(page, "Active");
  isOriginal(await openAgain());
});

test("signing out ends the session for the whole browser", async () => {
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByText("You are signed out.").waitFor();
  const other = await page.context().newPage();
  await other.goto(`${server.url}/#/keys`);
  await heading(other, "Sign in").waitFor();
  await other.close();
});

test("no byte of the file went over the wire or into a log", async () => {
  const detector = leakDetector(original.content);
  const sent = browser.recorder.bytes();
  assert.ok(browser.recorder.requests.some(({ url }) => url.endsWith("/actions/wrap")), "the wrap calls are on record");
  assert.ok(browser.recorder.requests.some(({ url }) => url.endsWith("/actions/unwrap")), "the unwrap calls are on record");
  assert.ok(sent.length < 2_000_000, `the page sent ${sent.length} bytes, which is much for a few keys`);
  assert.deepEqual(detector.find(sent), [], "in what the page sent");
  assert.deepEqual(detector.find(server.stderr()), [], "in the server's log");
  assert.deepEqual(detector.find(server.stdout()), [], "in the server's output");
  assert.ok(server.stderr().length > 0, "the server kept a log");
});

test("the same eyes do see a window of the file when the page sends one", async () => {
  const secret = original.content.subarray(1_234_567, 1_234_567 + 64);
  const detector = leakDetector(original.content);
  const before = browser.recorder.bytes().length;
  // Requests of the page's worker are on the same record: the wrap calls above are sent by nobody else.
  await page.evaluate((text) => fetch("/health", { method: "POST", body: text }), secret.toString("base64"));
  const fromPage = detector.find(browser.recorder.bytes().subarray(before));
  assert.ok(fromPage.length > 0, "from the page");
  const afterPage = browser.recorder.bytes().length;
  await page.evaluate((text) => fetch(`/health?x=${text}`), secret.toString("hex"));
  assert.ok(detector.find(browser.recorder.bytes().subarray(afterPage)).length > 0, "in an address");
});

test("the log holds no API key, no sign-in code, no access token and no imported material", () => {
  const log = server.stderr().toString();
  const code = new URL(server.sign_in_url).hash.split("code=")[1];
  const tokens = browser.recorder.requests.flatMap(({ headers }) => headers.filter((value) => value.startsWith("Bearer ")).map((value) => value.slice(7)));
  assert.ok(tokens.length > 0);
  for (const secret of [server.api_key, code, imported.toString("base64"), imported.toString("hex"), ...new Set(tokens)]) assert.ok(!log.includes(secret));
});

test("nothing was asked of another origin, and the security policy was never hurt", () => {
  assert.ok(browser.asked().some((url) => url.endsWith("/actions/wrap")), "the worker's calls are among those seen");
  assert.deepEqual(browser.foreign(), []);
  assert.deepEqual(browser.complaints, []);
});
