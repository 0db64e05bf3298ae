import * as glue from "../wasm/envelock_bg.js";
import { EnvelockError } from "./error.js";
import { provide } from "./load.js";
import type { Runtime } from "./runtime.js";

/** Obtains the compiled module. */
export type Compile = () => Promise<WebAssembly.Module>;

/** The shortest module there is: where even this does not start, it is not our module's fault. */
const EMPTY = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

/**
 * Says that the module runs as WebAssembly, and how it is compiled.
 *
 * Each way is tried when the one before failed: bundlers may leave the file behind.
 */
export function provideWasm(runtime: Runtime, ...ways: [Compile, ...Compile[]]): void {
  provide(runtime, glue, async (imports) => {
    if (typeof WebAssembly === "undefined") {
      throw switchedOff();
    }
    try {
      return (await WebAssembly.instantiate(await first(ways), imports)).exports;
    } catch (cause) {
      throw isRefused() ? refused(cause) : cause;
    }
  });
}

/** Compiles what a server answered, while it comes in if the server knows its media type. */
export async function compileResponse(answer: Response | Promise<Response>): Promise<WebAssembly.Module> {
  const response = successful(await answer);
  const streams = response.headers.get("content-type") === "application/wasm";
  return streams ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer());
}

/** The answer, if the server had what was asked for. */
export function successful(response: Response): Response {
  if (!response.ok) {
    throw new TypeError(`${response.url}: status ${response.status}`);
  }
  return response;
}

/** Compiles the copy of the module that is kept as text, for wherever its file did not come along. */
export async function compileEmbedded(): Promise<WebAssembly.Module> {
  return compileBase64((await import("../wasm/embedded.js")).base64);
}

/** Compiles a module written as base64. */
export function compileBase64(base64: string): Promise<WebAssembly.Module> {
  return WebAssembly.compile(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)));
}

async function first(ways: readonly Compile[]): Promise<WebAssembly.Module> {
  let failure: unknown;
  for (const compile of ways) {
    try {
      return await compile();
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}

function isRefused(): boolean {
  try {
    // Engines differ in which of the two they refuse.
    return new WebAssembly.Instance(new WebAssembly.Module(EMPTY)) === undefined;
  } catch {
    return true;
  }
}

function refused(cause: unknown): EnvelockError {
  return new EnvelockError({
    code: "ERR_WASM_REFUSED",
    fault: "caller",
    retryable: false,
    message:
      "compiling WebAssembly is refused here: allow it with 'wasm-unsafe-eval' in the script-src directive of the " +
      "content security policy, or import envelock/js, which needs no WebAssembly",
    cause,
  });
}

function switchedOff(): EnvelockError {
  return new EnvelockError({
    code: "ERR_WASM_MISSING",
    fault: "caller",
    retryable: false,
    message: "WebAssembly is switched off here, as lockdown modes do: import envelock/js, which needs none",
  });
}
