/**
 * Runs one job in a worker of its own and ends the worker with it.
 *
 * *Invariant:* after the end, by success, failure or cancel, the worker and all it held are gone.
 */

import type { Inspection } from "envelock";
import type { SealFailure } from "../../problem.js";
import type { Job, Report } from "./protocol.js";

export class JobFailed extends Error {
  constructor(readonly failure: SealFailure) {
    super(failure.code);
  }
}

export interface Watch {
  signal: AbortSignal;
  onProgress: (done: number, total: number) => void;
}

type Result = Uint8Array<ArrayBuffer> | Inspection;

function run(job: Job, watch?: Watch): Promise<Result> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  return new Promise<Result>((resolve, reject) => {
    watch?.signal.addEventListener("abort", () => reject(watch.signal.reason));
    worker.addEventListener("error", () => reject(new JobFailed({ code: "WORKER_FAILED" })));
    worker.addEventListener("message", ({ data }: MessageEvent<Report>) => {
      if (data.kind === "progress") watch?.onProgress(data.done, data.total);
      else if (data.kind === "bytes") resolve(data.bytes);
      else if (data.kind === "inspection") resolve(data.inspection);
      else reject(new JobFailed(data.failure));
    });
    worker.postMessage(job);
  }).finally(() => worker.terminate());
}

export async function runBytes(job: Exclude<Job, { verb: "inspect" }>, watch: Watch): Promise<Uint8Array<ArrayBuffer>> {
  return (await run(job, watch)) as Uint8Array<ArrayBuffer>;
}

export async function runInspect(file: Blob): Promise<Inspection> {
  return (await run({ verb: "inspect", file })) as Inspection;
}
