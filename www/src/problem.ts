/**
 * Turns any failure into words, a code and a request id.
 *
 * *Invariant:* every failure gets a text from the catalogue; nothing is swallowed and nothing is rendered here.
 */

import { ApiError } from "./api.js";
import * as texts from "./messages/problems.en.js";

export interface Problem {
  title: string;
  text: string;
  code: string;
  requestId?: string;
}

/** What the worker reports of a failed seal or open; errors lose their class on the way out of a worker. */
export interface SealFailure {
  code: string;
  requestId?: string;
}

export function describe(error: unknown): Problem {
  if (error instanceof ApiError) return describeApi(error);
  return { ...texts.unexpected, code: error instanceof Error ? error.name : "UNKNOWN" };
}

/** Codes of many meanings: the server's own sentence names the field or value at fault, so it says more than ours. */
const OF_MANY_MEANINGS = ["INVALID_FIELD_ERR", "INVALID_QUERY_PARAM_ERR"];

function describeApi(error: ApiError): Problem {
  if (error.code === "INVALID_QUERY_PARAM_ERR" && error.target === "payload") return withId({ ...texts.rotatedWithoutMaterial, code: error.code }, error.requestId);
  const known = texts.apiProblems[error.code];
  const text: texts.ProblemText =
    known ?? (error.status >= 500 ? texts.apiFailed : error.status === 429 ? texts.apiBusy : texts.apiFallback);
  const detailed = known === undefined || OF_MANY_MEANINGS.includes(error.code) ? [sentence(error.message), text.text] : [text.text];
  return withId({ title: text.title, text: detailed.filter(Boolean).join(" "), code: error.code }, error.requestId);
}

export function describeSeal(failure: SealFailure): Problem {
  const special: Record<string, texts.ProblemText> = { FILE_UNREADABLE: texts.unreadableFile, OUT_OF_MEMORY: texts.outOfMemory };
  const text = texts.sealProblems[failure.code] ?? texts.apiProblems[failure.code] ?? special[failure.code] ?? texts.unexpected;
  return withId({ ...text, code: failure.code }, failure.requestId);
}

function withId(problem: Problem, requestId: string | undefined): Problem {
  return requestId === undefined ? problem : { ...problem, requestId };
}

function sentence(text: string): string {
  const trimmed = text.trim();
  return trimmed === "" || /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}
