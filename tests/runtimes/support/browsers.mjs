/**
 * Starts the browsers of the system, each with an empty profile.
 *
 * *Invariant:* a browser reaches this machine only, and nothing of it is left when it is closed.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { run } from "./consumer.mjs";

const { ENVELOCK_CHROMIUM, ENVELOCK_FIREFOX, ENVELOCK_WEBKIT } = process.env;
const CHROMIUM = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run"];
/** Nothing listens there: what is not on this machine is refused. */
const NOWHERE = { host: "127.0.0.1", port: 9 };
const FIREFOX = {
  "network.proxy.type": 1,
  "network.proxy.http": NOWHERE.host,
  "network.proxy.http_port": NOWHERE.port,
  "network.proxy.ssl": NOWHERE.host,
  "network.proxy.ssl_port": NOWHERE.port,
  "browser.shell.checkDefaultBrowser": false,
  "browser.aboutwelcome.enabled": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "datareporting.policy.firstRunURL": "",
  "toolkit.telemetry.reportingpolicy.firstRun": false,
};

/** Each browser: its name with the version, and how to open an address in it; that gives the way to close it. */
export const BROWSERS = [
  { name: await named("Chromium", ENVELOCK_CHROMIUM), open: chromium },
  { name: await named("Firefox", ENVELOCK_FIREFOX), open: firefox },
  // It tells its version to a display only.
  { name: "WebKitGTK", open: webkit },
];

async function named(name, program) {
  return `${name} ${/\d+\.\d+/.exec(await run(program, ["--version"]))[0]}`;
}

function chromium(address) {
  return started(ENVELOCK_CHROMIUM, (profile) => [...CHROMIUM, `--proxy-server=${NOWHERE.host}:${NOWHERE.port}`, `--user-data-dir=${profile}`, address]);
}

async function firefox(address) {
  const lines = Object.entries(FIREFOX).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`);
  const prepare = (profile) => writeFile(join(profile, "user.js"), lines.join(""));
  return started(ENVELOCK_FIREFOX, (profile) => ["--headless", "--no-remote", "--profile", profile, address], {}, prepare);
}

/** It knows no display but a real one. */
async function webkit(address) {
  const display = spawn("Xvfb", ["-displayfd", "1", "-nolisten", "tcp"], { stdio: ["ignore", "pipe", "ignore"] });
  const [number] = await once(createInterface(display.stdout), "line");
  const close = await started(ENVELOCK_WEBKIT, () => [address], { DISPLAY: `:${number}` });
  return async () => {
    await close();
    display.kill();
  };
}

async function started(program, args, env = {}, prepare = async () => {}) {
  const profile = await mkdtemp(join(tmpdir(), "envelock-browser-"));
  await prepare(profile);
  // A group of its own, so that closing reaches every process of it.
  const child = spawn(program, args(profile), { detached: true, stdio: "ignore", env: { ...process.env, HOME: profile, ...env } });
  const ended = once(child, "exit");
  return async () => {
    process.kill(-child.pid);
    await ended;
    await rm(profile, { recursive: true, force: true, maxRetries: 10 });
  };
}
