/**
 * A key server of its own for one test file: fresh data directory, free port, everything it says kept.
 *
 * *Invariant:* ends only the process it started, and leaves no file behind.
 */

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const READY_MS = 30_000;

function binary() {
  const path = process.env.ENVELOCK_KEYSERVER;
  if (!path) throw new Error("ENVELOCK_KEYSERVER must name the key server's binary; `cargo xtask test` sets it");
  return path;
}

/** Starts it, with more options if they are needed. */
export async function startServer(options = []) {
  const program = binary();
  const data = await mkdtemp(join(tmpdir(), "envelock-e2e-"));
  const child = spawn(program, ["serve", "--data", data, "--output", "json", ...options], { stdio: ["ignore", "pipe", "pipe"] });
  const exited = once(child, "exit");
  const said = { stdout: [], stderr: [] };
  child.stderr.on("data", (bytes) => said.stderr.push(bytes));
  child.stdout.on("data", (bytes) => said.stdout.push(bytes));
  const ready = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("the key server did not become ready")), READY_MS);
    createInterface({ input: child.stdout }).once("line", (line) => {
      clearTimeout(timer);
      resolve(JSON.parse(line));
    });
    void exited.then(([code]) => reject(new Error(`the key server ended with ${code}: ${Buffer.concat(said.stderr)}`)));
  }).catch(async (error) => {
    child.kill("SIGKILL");
    await rm(data, { recursive: true, force: true });
    throw error;
  });
  return {
    ...ready,
    pid: child.pid,
    stdout: () => Buffer.concat(said.stdout),
    stderr: () => Buffer.concat(said.stderr),
    async newSignInUrl() {
      const arguments_ = ["sign-in-link", "--data", data, "--url", ready.url];
      const { stdout } = await promisify(execFile)(program, arguments_);
      return /http\S+code=[^\s"]+/.exec(stdout)[0];
    },
    /** Stops the server as an operator would, and gives its exit code. */
    async stop() {
      if (child.exitCode === null) child.kill("SIGTERM");
      const [code] = await exited;
      await rm(data, { recursive: true, force: true });
      return code;
    },
  };
}
