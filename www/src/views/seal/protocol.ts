/**
 * What the page and its sealing worker say to each other.
 *
 * *Invariant:* types only; no token and no key crosses between them.
 */

import type { Inspection } from "envelock";
import type { SealFailure } from "../../problem.js";

export interface KeyName {
  instance: string;
  key: string;
}

export type Job =
  | { verb: "seal"; file: Blob; key: KeyName; context: Record<string, string> }
  | { verb: "open"; file: Blob; key: KeyName; context: Record<string, string> }
  | { verb: "inspect"; file: Blob };

export type Report =
  | { kind: "progress"; done: number; total: number }
  | { kind: "bytes"; bytes: Uint8Array<ArrayBuffer> }
  | { kind: "inspection"; inspection: Inspection }
  | { kind: "failure"; failure: SealFailure };
