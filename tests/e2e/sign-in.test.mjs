/** The one-time link: once means once. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startBrowser } from "./support/browser.mjs";
import { expectProblem, heading, signIn } from "./support/console.mjs";
import { startServer } from "./support/server.mjs";

let server, browser;

before(async () => {
  server = await startServer();
  browser = await startBrowser(server);
});

after(async () => {
  await browser?.stop();
  await server?.stop();
});

test("a link that was used is refused, with what to do next", async () => {
  await signIn(await browser.newPage(), server.sign_in_url);
  const second = await browser.newPage();
  await second.goto(server.sign_in_url);
  const box = second.locator(".notice", { hasText: "This link does not work any more" });
  await box.waitFor();
  assert.match(await box.innerText(), /Make a new one/);
  await second.getByText(`envelock-keyserver sign-in-link --url ${server.url}`).waitFor();
  assert.ok(!second.url().includes("code"));
});

test("a made-up code is refused, with code and request id", async () => {
  const page = await browser.newPage();
  await page.goto(`${server.url}/#/sign-in?code=made-up`);
  await page.getByText("This link does not work any more").waitFor();
  await page.getByTestId("problem-code").waitFor();
  await page.getByTestId("request-id").waitFor();
});

test("a new link made beside the running server signs in, also when pasted", async () => {
  const page = await browser.newPage();
  await page.goto(server.url);
  await heading(page, "Sign in").waitFor();
  await page.locator('cds-text-input[name="code"] input').fill(`Sign in once  ${await server.newSignInUrl()}  (15 minutes)`);
  await page.keyboard.press("Enter");
  await heading(page, "Root keys").waitFor();
});

test("without a session every screen leads to the sign-in, and back to it afterwards", async () => {
  const page = await browser.newPage();
  await page.goto(`${server.url}/#/inspect`);
  await heading(page, "Sign in").waitFor();
  await page.locator('cds-text-input[name="code"] input').fill(await server.newSignInUrl());
  await page.keyboard.press("Enter");
  await heading(page, "Inspect a sealed file").waitFor();
});

test("the server stops cleanly when asked to", async () => {
  const other = await startServer();
  assert.equal((await fetch(`${other.url}/health`)).status, 200);
  assert.equal(await other.stop(), 0);
});
