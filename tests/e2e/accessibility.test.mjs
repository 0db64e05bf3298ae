/** Every screen, light and dark, against the WCAG 2.2 AA rules of axe; and the main flow by keyboard alone. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { startBrowser } from "./support/browser.mjs";
import { button, choose, createKey, expectState, field, goTo, heading, openKey, prepareOpen, seal, signIn } from "./support/console.mjs";
import { makeFile, tempFolder } from "./support/files.mjs";
import { startServer } from "./support/server.mjs";

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let server, browser, folder, file;

before(async () => {
  server = await startServer();
  browser = await startBrowser(server);
  folder = await tempFolder();
  file = await makeFile(folder.path, "report.pdf", 300_000);
});

after(async () => {
  await browser?.stop();
  await server?.stop();
  await folder?.remove();
});

async function check(page, screen) {
  // Past the transitions: a colour half-way between two is nobody's choice.
  await page.waitForTimeout(300);
  await page.evaluate(axe);
  const { violations, passes } = await page.evaluate((tags) => globalThis.axe.run({ runOnly: { type: "tag", values: tags } }), TAGS);
  assert.ok(passes.length > 5, `${screen}: axe checked something`);
  const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join("; ")}`);
  assert.deepEqual(told, [], screen);
}

for (const [colorScheme, width] of [["light", 1440], ["dark", 390]]) {
  test(`every screen, ${colorScheme}, ${width} pixels wide`, async () => {
    const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } });
    const name = `axe-${colorScheme}-${width}`;
    await page.goto(`${server.url}/#/sign-in?code=nothing`);
    await page.getByText("This link does not work any more").waitFor();
    await check(page, "refused sign-in");
    await signIn(page, await server.newSignInUrl());
    await check(page, "root keys");

    await page.goto(`${server.url}/#/keys/new`);
    await button(page, "Create key").click();
    await page.getByText("A name needs at least 2 characters.").waitFor();
    await check(page, "create key, with an error");

    await page.goto(`${server.url}/#/keys/import`);
    await page.locator("ev-material-input input").fill(randomBytes(5).toString("base64"));
    await check(page, "import key, with an error");
    await page.locator("ev-material-input input").fill(randomBytes(16).toString("base64"));
    await page.locator("summary").click();
    await check(page, "import key, valid");

    await createKey(page, name);
    await check(page, "key");
    for (const question of ["Rotate", "Disable", "Delete"]) {
      await button(page, question).click();
      await page.getByRole("dialog").waitFor();
      if (question === "Delete") await button(page, "Delete key").click();
      await check(page, `${question} dialog`);
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
    }

    await goTo(page, "Seal a file");
    await page.locator("cds-button", { hasText: "Add a pair" }).click();
    await button(page, "Seal file").click();
    await check(page, "seal, with errors");
    await page.locator("cds-button[tooltip-text='Remove pair 1']").click();
    const sealed = await seal(page, folder.path, { key: name, file: file.path, context: { tenant: "t1" } });
    await check(page, "sealed");

    await prepareOpen(page, sealed.path);
    await check(page, "open");
    await button(page, "Open file").click();
    await page.locator("a.download").waitFor();
    await check(page, "opened");
    await goTo(page, "Root keys");
    await goTo(page, "Open a file");
    await choose(page, file.path);
    await page.getByText("This is not a sealed file").waitFor();
    await check(page, "open, with an error");

    await goTo(page, "Inspect");
    await choose(page, sealed.path);
    await page.locator(".lens").getByRole("link", { name }).waitFor();
    await check(page, "inspect");

    await openKey(page, name);
    await button(page, "Disable").click();
    await button(page, "Disable key").click();
    await expectState(page, "Disabled");
    await check(page, "disabled key");
    await button(page, "Delete").click();
    await field(page, "confirm").fill(name);
    await button(page, "Delete key").click();
    await expectState(page, "Deleted");
    await check(page, "deleted key");
    await goTo(page, "Root keys");
    await page.locator("cds-checkbox", { hasText: "Show deleted keys" }).click();
    await page.getByRole("link", { name }).waitFor();
    await check(page, "root keys with deleted ones");

    await page.goto(`${server.url}/#/nowhere`);
    await heading(page, "There is no such page").waitFor();
    await check(page, "unknown page");
    await page.context().close();
  });
}

test("a key is created by keyboard alone, and the focus is where one expects it", async () => {
  const page = await browser.newPage();
  await signIn(page, await server.newSignInUrl());
  await page.reload();
  await heading(page, "Root keys").waitFor();
  const press = (key) => page.keyboard.press(key);
  /** What has the focus, seen through shadow roots. */
  const focused = () =>
    page.evaluate(() => {
      let element = document.activeElement;
      while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
      const host = element.getRootNode().host;
      return `${element.localName} ${(element.textContent.trim() || host?.textContent.trim() || host?.getAttribute("label") || "").replace(/\s+/g, " ")}`;
    });
  async function tabTo(text, limit = 40) {
    for (let n = 0; n < limit; n += 1) {
      await press("Tab");
      if ((await focused()).includes(text)) return;
    }
    assert.fail(`${text} was not reached by Tab; the focus is on ${await focused()}`);
  }

  await press("Tab");
  assert.match(await focused(), /Skip to main content/);
  await press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.localName), "main");
  await tabTo("Create key");
  await press("Enter");
  await heading(page, "Create a root key").waitFor();
  await page.waitForFunction(() => document.activeElement?.localName === "h1");
  assert.equal(await page.title(), "Create a root key · Envelock");
  await press("Tab");
  assert.match(await focused(), /input Name/);
  await press("Enter");
  await page.getByText("A name needs at least 2 characters.").waitFor();
  assert.match(await focused(), /input Name/);
  await page.keyboard.type("by keyboard");
  await press("Enter");
  await heading(page, "by keyboard").waitFor();
  await page.waitForFunction(() => document.title === "by keyboard · Envelock");

  // A dialog takes the focus, keeps it, and gives it back.
  await tabTo("Disable");
  await press("Enter");
  await page.getByRole("dialog").waitFor();
  for (let n = 0; n < 6; n += 1) {
    await press("Tab");
    assert.match(await focused(), /Cancel|Disable key|body/, "the focus stays in the dialog");
  }
  await press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.match(await focused(), /Disable/);
});

test("the page had no trouble with its security policy, and asked nothing of another origin", () => {
  assert.deepEqual(browser.complaints, []);
  assert.deepEqual(browser.foreign(), []);
});
