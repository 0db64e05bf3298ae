/**
 * A browser behind the recorder, and pages that fail their test on any violation of the security policy.
 *
 * *Invariant:* collects complaints of the page; tests decide on them.
 */

import { chromium } from "playwright-core";
import { startRecorder } from "./recorder.mjs";

/** Addresses that Chromium itself calls, whatever the page: updates, sign-in to the browser, autofill. */
const CALLS_OF_CHROMIUM = /(^|\/\/|\.)(googleapis\.com|google\.com|gvt1\.com)(:443)?(\/|$)/;

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-default-apps"];

/** The browser itself, without a recorder. */
export function launch(options = {}) {
  return chromium.launch({ executablePath: process.env.ENVELOCK_CHROMIUM ?? "/usr/bin/chromium", args: FLAGS, ...options });
}

export async function startBrowser(server) {
  const recorder = await startRecorder(server.url);
  const browser = await launch({ proxy: { server: recorder.url, bypass: "<-loopback>" } });
  const complaints = [];
  const asked = new Set();

  async function newPage(options = {}) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, acceptDownloads: true, ...options });
    context.on("request", (request) => asked.add(request.url()));
    const page = await context.newPage();
    page.on("pageerror", (error) => complaints.push(`error in the page: ${error.message}`));
    page.on("console", (message) => {
      // The browser itself logs each refused request; refusals are part of the tests.
      if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) complaints.push(`console: ${message.text()}`);
    });
    await page.exposeBinding("complain", (_, text) => complaints.push(text));
    await page.addInitScript(() => {
      addEventListener("securitypolicyviolation", (event) => globalThis.complain(`policy violation: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
    });
    return page;
  }

  return {
    recorder,
    complaints,
    newPage,
    /** Every address that a page or a worker of it asked for. */
    asked: () => [...asked],
    /** Those of another origin; also what the network saw and nobody here owned up to. */
    foreign() {
      const own = (url) => url.startsWith(`${server.url}/`) || url.startsWith(`blob:${server.url}/`) || url.startsWith("data:");
      return [...[...asked].filter((url) => !own(url)), ...recorder.refused.filter((url) => !CALLS_OF_CHROMIUM.test(url))];
    },
    async stop() {
      await browser.close();
      await recorder.stop();
    },
  };
}
