import type * as glue from "../wasm/envelock_bg.js";
import { EnvelockError } from "./error.js";
import type { Runtime } from "./runtime.js";

/** The module's functions, once it is loaded. */
export type Module = typeof glue;

/** What an entry knows: where it runs, the glue of its form of the module, and how to start that form. */
interface Source {
  readonly runtime: Runtime;
  readonly glue: Module;
  readonly start: (imports: WebAssembly.Imports) => Promise<WebAssembly.Exports>;
}

let source: Source | undefined;
let loading: Promise<Module> | undefined;

/** Says where the module comes from. Called once by the entry of the runtime; loads nothing yet. */
export function provide(runtime: Runtime, glue: Module, start: Source["start"]): void {
  source = { runtime, glue, start };
}

/** The kind of runtime that the entry was made for, or guessed. */
export function runtime(): Runtime {
  return source?.runtime ?? "browser";
}

/** The module, loaded at the first call. A load that failed is tried again at the next call. */
export function load(): Promise<Module> {
  loading ??= start().catch((cause: unknown) => {
    loading = undefined;
    throw cause instanceof EnvelockError ? cause : notLoaded(cause);
  });
  return loading;
}

async function start(): Promise<Module> {
  if (source === undefined) {
    throw new TypeError("import the package by its name, not one of its inner files");
  }
  const { glue } = source;
  const exports = await source.start({ "./envelock_bg.js": { ...glue } });
  glue.__wbg_set_wasm(exports);
  const begin = exports["__wbindgen_start"];
  if (typeof begin === "function") {
    begin();
  }
  return glue;
}

function notLoaded(cause: unknown): EnvelockError {
  return new EnvelockError({
    code: "ERR_MODULE_NOT_LOADED",
    fault: "caller",
    retryable: true,
    message:
      "the WebAssembly module could not be loaded: check that envelock_bg.wasm is served beside the scripts that were " +
      "made from the package, or import envelock/inline, which carries it inside",
    cause,
  });
}
