/** What a hurried hand, a slow answer or a refused request must not do to the console. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { apiKey, envelock, keyProtect } from "envelock";
import { startBrowser } from "./support/browser.mjs";
import { button, choose, createKey, expectProblem, expectState, field, goTo, heading, openKey, seal, signIn } from "./support/console.mjs";
import { makeFile, tempFolder } from "./support/files.mjs";
import { startServer } from "./support/server.mjs";

/** Time enough for a wrong reaction to show; right ones are waited for by what they show. */
const SETTLE_MS = 400;
const FIRST = "first-root";
const SECOND = "second-root";

let server, browser, page, folder;
const keys = {};
const sealed = {};

before(async () => {
  server = await startServer();
  browser = await startBrowser(server);
  folder = await tempFolder();
  page = await browser.newPage({ permissions: ["clipboard-read", "clipboard-write"] });
  await signIn(page, server.sign_in_url);
  for (const name of [FIRST, SECOND]) {
    keys[name] = await createKey(page, name);
    sealed[name] = await seal(page, folder.path, { key: name, file: (await makeFile(folder.path, `${name}.txt`, 5000)).path });
  }
});

after(async () => {
  await browser?.stop();
  await server?.stop();
  await folder?.remove();
});

/** Holds answers back until they are let go. */
async function hold(pattern) {
  let letGo;
  let reached;
  const gate = new Promise((resolve) => (letGo = resolve));
  const asked = new Promise((resolve) => (reached = resolve));
  await page.route(pattern, async (route) => {
    reached();
    await gate;
    await route.continue();
  });
  return {
    asked,
    async release() {
      const answered = page.waitForResponse(pattern);
      letGo();
      await answered;
      await page.unroute(pattern);
    },
  };
}

for (const { screen, shown } of [
  { screen: "Open a file", shown: () => page.getByTestId("sealed-under") },
  { screen: "Inspect", shown: () => page.locator(".lens a.link") },
]) {
  test(`${screen}: of two files chosen in a row the second one is shown, however late the answer about the first`, async () => {
    const slow = await hold(`**/keys/${keys[FIRST]}/metadata`);
    await goTo(page, screen);
    await choose(page, sealed[FIRST].path);
    await slow.asked;
    await choose(page, sealed[SECOND].path);
    await shown().filter({ hasText: SECOND }).waitFor();
    await slow.release();
    await page.waitForTimeout(SETTLE_MS);
    assert.equal(await shown().innerText(), SECOND);
    assert.ok((await shown().getAttribute("href")).endsWith(keys[SECOND]));
  });
}

test("the lens names the key of its own entry only", async () => {
  const { content } = sealed[FIRST];
  // Version, suite, message id; then the context, which has its length before it; then the count of wrapped keys.
  const countAt = 35 + 2 + content.readUInt16BE(35);
  assert.equal(content.readUInt16BE(countAt), 1);
  const part = (bytes) => Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
  const foreign = ["envelock-key-protect-v1", "00000000-0000-4000-8000-000000000000/other-key", "wrapped elsewhere"].map((text) => part(Buffer.from(text)));
  const path = join(folder.path, "two keys.sealed");
  await writeFile(path, Buffer.concat([content.subarray(0, countAt), Buffer.from([0, 2]), ...foreign, content.subarray(countAt + 2)]));
  await goTo(page, "Inspect");
  await choose(page, path);
  await page.locator(".lens").getByRole("link", { name: FIRST }).waitFor();
  const groups = await page.locator(".lens .facts--group").allInnerTexts();
  assert.equal(groups.length, 2);
  assert.match(groups[0], /other-key/);
  assert.ok(!groups[0].includes(FIRST), groups[0]);
  assert.ok(groups[1].includes(FIRST), groups[1]);
});

test("Enter on the button that shows the material shows it, and imports nothing", async () => {
  const material = randomBytes(32).toString("base64");
  await goTo(page, "Root keys");
  await button(page, "Import key").click();
  await field(page, "name").fill("shown-root");
  await field(page, "material").fill(material);
  await page.locator("ev-material-input").getByRole("button").focus();
  await page.keyboard.press("Enter");
  await page.locator('ev-material-input input[type="text"]').waitFor();
  await page.waitForTimeout(SETTLE_MS);
  assert.equal(await heading(page, "Import a root key").count(), 1);
  assert.equal(await field(page, "material").inputValue(), material);
  await field(page, "material").press("Enter");
  await heading(page, "shown-root").waitFor();
});

test("Enter on the same button in the dialog rotates nothing; in the field it does", async () => {
  await openKey(page, "shown-root");
  await button(page, "Rotate").click();
  await field(page, "material").fill(randomBytes(32).toString("base64"));
  await page.locator("ev-dialog ev-material-input").getByRole("button").focus();
  await page.keyboard.press("Enter");
  await page.locator('ev-dialog ev-material-input input[type="text"]').waitFor();
  await page.waitForTimeout(SETTLE_MS);
  assert.equal(await page.getByRole("dialog").count(), 1);
  await field(page, "material").press("Enter");
  await page.getByText("The key was rotated. It has a new version.").first().waitFor();
});

test("a dialog whose answer is under way stays, however often Escape is pressed", async () => {
  await openKey(page, SECOND);
  const slow = await hold("**/actions/disable");
  await button(page, "Disable").click();
  await button(page, "Disable key").click();
  await slow.asked;
  for (let n = 0; n < 3; n += 1) await page.keyboard.press("Escape");
  await page.waitForTimeout(SETTLE_MS);
  assert.ok(await page.getByRole("dialog").isVisible());
  await slow.release();
  await expectState(page, "Disabled");
  assert.equal(await page.getByRole("dialog").count(), 0);
});

test("a key's screen gives the line that Node needs, and Node can work with it", async () => {
  await openKey(page, FIRST);
  const section = page.getByRole("region", { name: "Use from Node" });
  await section.locator("cds-copy-button").click();
  await section.locator("cds-copy-button").getByText("Copied").waitFor();
  const line = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(line, await section.locator("code").first().innerText());
  const { stdout } = await promisify(execFile)("sh", ["-c", `${line}\nprintf '%s\\n' "$ENDPOINT" "$INSTANCE" "$KEY"`], { env: {} });
  const [endpoint, instance, key] = stdout.split("\n");
  assert.deepEqual({ endpoint, instance, key }, { endpoint: server.url, instance: server.instance, key: keys[FIRST] });
  const box = envelock({ kek: keyProtect({ endpoint, instance, key, auth: apiKey(server.api_key) }) });
  assert.equal((await box.open(await box.seal("from Node"))).text(), "from Node");
});

test("a copy that the browser refuses is not called a copy", async () => {
  await openKey(page, FIRST);
  const copy = page.locator("ev-key cds-copy-button").first();
  for (const missing of [true, false]) {
    await page.evaluate((missing) => {
      const refusing = { writeText: () => Promise.reject(new DOMException("refused", "NotAllowedError")) };
      Object.defineProperty(navigator, "clipboard", { value: missing ? undefined : refusing, configurable: true });
    }, missing);
    await copy.click();
    await copy.getByText("Not copied").waitFor();
    assert.equal(await copy.getByText("Copied", { exact: true }).count(), 0);
  }
});

test("a refused list says what the key server said about it", async () => {
  const pattern = "**/api/v2/keys?*";
  await page.route(pattern, (route) => route.continue({ url: route.request().url().replace(/limit=\d+/, "limit=none") }));
  await goTo(page, "Root keys");
  await expectProblem(page, "limit", "INVALID_QUERY_PARAM_ERR", { requestId: true });
  assert.equal(await page.getByText("rotated without material").count(), 0);
  await page.unroute(pattern);
  await button(page, "Try again").click();
  await page.getByRole("link", { name: FIRST }).waitFor();
});

test("a failed sign-out is told, and forgotten when one goes on", async () => {
  await page.reload();
  // Its own question about the session is answered by then.
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  await page.route("**/console/session", (route) => route.fulfill({ status: 500, body: "" }));
  await page.getByRole("button", { name: "Sign out" }).click();
  await expectProblem(page, "The key server failed", "HTTP_500");
  await page.unroute("**/console/session");
  await goTo(page, "Seal a file");
  await goTo(page, "Root keys");
  await page.getByRole("link", { name: FIRST }).waitFor();
  assert.equal(await page.locator('[role="alert"] .notice').count(), 0);
});

test("a key server in trouble is not taken for a missing session", async () => {
  await page.route("**/console/session", (route) => route.fulfill({ status: 500, body: "" }));
  await page.reload();
  await expectProblem(page, "The key server failed", "HTTP_500");
  assert.equal(await heading(page, "Sign in").count(), 0);
  await page.unroute("**/console/session");
  await button(page, "Try again").click();
  await page.getByRole("link", { name: FIRST }).waitFor();
  assert.equal(await page.locator('[role="alert"] .notice').count(), 0);
});

test("the page had no trouble with its security policy", () => {
  assert.deepEqual(browser.complaints, []);
});
