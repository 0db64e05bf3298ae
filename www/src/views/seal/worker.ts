/**
 * Seals, opens and inspects away from the page's own thread, so that the page stays usable whatever the size.
 *
 * *Invariant:* plaintext goes to the page that asked and nowhere else.
 */

import { bearer, envelock, EnvelockError, inspect, keyProtect } from "envelock";
import { accessToken, ApiError } from "../../api.js";
import type { SealFailure } from "../../problem.js";
import type { Job, KeyName, Report } from "./protocol.js";

function report(message: Report, transfer: Transferable[] = []): void {
  self.postMessage(message, { transfer });
}

self.addEventListener("message", (event: MessageEvent<Job>) => {
  work(event.data).catch((error: unknown) => report({ kind: "failure", failure: failure(error) }));
});

async function work(job: Job): Promise<void> {
  const bytes = new Uint8Array(await job.file.arrayBuffer());
  if (job.verb === "inspect") return report({ kind: "inspection", inspection: await inspect(bytes) });
  const box = client(job.key);
  const options = { context: job.context, onProgress: ({ done, total }: { done: number; total: number }) => report({ kind: "progress", done, total }) };
  const result = job.verb === "seal" ? await box.seal(bytes, options) : await box.open(bytes, options);
  // A plain view: what subclasses add does not survive the way to the page.
  const plain = new Uint8Array(result.buffer, result.byteOffset, result.byteLength);
  report({ kind: "bytes", bytes: plain }, [plain.buffer]);
}

/** The reason a token could not be had, which the package cannot know. */
let tokenRefusal: ApiError | undefined;

function client({ instance, key }: KeyName): ReturnType<typeof envelock> {
  const auth = bearer(async () => {
    try {
      return await accessToken();
    } catch (error) {
      if (error instanceof ApiError) tokenRefusal = error;
      throw error;
    }
  });
  return envelock({ kek: keyProtect({ endpoint: location.origin, instance, key, auth }) });
}

function failure(error: unknown): SealFailure {
  const cause = tokenRefusal && tokenRefusal.status !== 401 ? tokenRefusal : error;
  if (cause instanceof ApiError || cause instanceof EnvelockError) {
    return cause.requestId === undefined ? { code: cause.code } : { code: cause.code, requestId: cause.requestId };
  }
  if (cause instanceof RangeError) return { code: "OUT_OF_MEMORY" };
  if (cause instanceof DOMException) return { code: "FILE_UNREADABLE" };
  return { code: "UNEXPECTED" };
}
