/**
 * Starts, watches and stops the servers that are measured.
 *
 * *Invariant:* none is left running when this program ends, and what they cost is read from the kernel and not from them.
 */

import { spawn } from "node:child_process";
import { openSync, readFileSync } from "node:fs";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** Ticks of the kernel's clock a second, as all of Linux has it on the machines that Node runs on. */
const TICKS = 100;

const running = new Set();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));

/** Starts a server and waits for its first line; `said` is that line. */
export async function start(program, args, log) {
  const begun = performance.now();
  const child = spawn(program, args, { stdio: ["ignore", "pipe", openSync(log, "a")] });
  running.add(child);
  const ended = once(child, "exit").then(([code, signal]) => {
    running.delete(child);
    return code ?? signal;
  });
  const line = once(createInterface({ input: child.stdout }), "line");
  const said = await Promise.race([line, ended.then((status) => ({ status }))]);
  if (!Array.isArray(said)) throw new Error(`${program} did not start (${said.status}); see ${log}`);
  return {
    said: said[0],
    /** Milliseconds until it said that it is ready. */
    took: performance.now() - begun,
    /** Processor time so far, in microseconds. */
    cpu() {
      // The name of a program, in brackets, may have spaces in it.
      const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1].split(" ");
      return ((Number(fields[11]) + Number(fields[12])) / TICKS) * 1e6;
    },
    /** Resident memory, in MiB. */
    memory() {
      return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))[1]) / 1024;
    },
    async stop() {
      child.kill("SIGINT");
      await ended;
    },
  };
}
