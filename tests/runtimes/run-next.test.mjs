/** The suite in a Next.js application, as it is built and started: in an edge route, a Node route and a page. */

import { spawn } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after } from "node:test";
import { chromium } from "playwright-core";
import { consumer, run } from "./support/consumer.mjs";
import { cell } from "./support/matrix.mjs";
import { address } from "./support/program.mjs";

const project = await consumer("next");
const app = join(project.folder, "app");
const options = { cwd: project.folder, env: { ...process.env, NEXT_TELEMETRY_DISABLED: "1" } };

const LAYOUT = "export default ({ children }) => <html lang=\"en\"><body>{children}</body></html>;\n";
/** Where its routes run, by the name that Next.js has for it. */
const ROUTES = { edge: "Edge Runtime", nodejs: "Node" };

let server;
after(() => server?.kill());

/** Builds and starts the application; gives its address. */
async function started() {
  await rm(app, { recursive: true, force: true });
  for (const folder of ["page", ...Object.keys(ROUTES)]) await mkdir(join(app, folder), { recursive: true });
  await writeFile(join(app, "layout.js"), LAYOUT);
  await project.main("component", "envelock", "app/page/page.js");
  for (const runtime of Object.keys(ROUTES)) {
    const route = await readFile(await project.main("route", "envelock", `app/${runtime}/route.js`), "utf8");
    await writeFile(join(app, runtime, "route.js"), route.replace('runtime = "edge"', `runtime = "${runtime}"`));
  }
  await run(project.bin("next"), ["build"], options);
  server = spawn(process.execPath, [project.bin("next"), "start", "--hostname", "127.0.0.1", "--port", "0"], options);
  return address(server, /Local:\s+(http:\S+)/);
}

const application = started();

for (const [runtime, name] of Object.entries(ROUTES)) {
  cell(`${name} in Next.js`, "envelock", async () => (await fetch(`${await application}/${runtime}?extent=brief`)).json());
}

cell("Chromium in Next.js", "envelock", async () => {
  const browser = await chromium.launch({ executablePath: process.env.ENVELOCK_CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
  try {
    const page = await browser.newPage();
    await page.goto(`${await application}/page`);
    await page.waitForFunction(() => "outcome" in globalThis);
    return await page.evaluate(() => globalThis.outcome);
  } finally {
    await browser.close();
  }
});
