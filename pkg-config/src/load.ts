import * as glue from "../wasm/envelock_bg.js";
import { EnvelockError } from "./error.js";

/** The module's functions, once it is loaded. */
export type Module = typeof glue;

/** The kinds of runtime that an entry can be for. */
export type Runtime = "browser" | "node" | "deno" | "bun" | "workerd" | "edge";

let kind: Runtime = "browser";
let source: (() => Promise<WebAssembly.Module>) | undefined;
let loading: Promise<Module> | undefined;

/** Says where this runs and where the module comes from. Called once by the entry of the runtime; loads nothing yet. */
export function provide(runtime: Runtime, compile: () => Promise<WebAssembly.Module>): void {
  kind = runtime;
  source = compile;
}

/** The kind of runtime, by which the module knows what is fast. */
export function runtime(): Runtime {
  return kind;
}

/** The module, loaded at the first call. A load that failed is tried again at the next call. */
export function load(): Promise<Module> {
  loading ??= start().catch((cause: unknown) => {
    loading = undefined;
    throw new EnvelockError({
      code: "ERR_MODULE_NOT_LOADED",
      fault: "caller",
      retryable: true,
      message:
        "the WebAssembly module could not be loaded: check that envelock_bg.wasm is served beside the package's scripts " +
        "and that a content security policy allows 'wasm-unsafe-eval' in script-src",
      cause,
    });
  });
  return loading;
}

async function start(): Promise<Module> {
  if (source === undefined) {
    throw new TypeError("import the package by its name, not one of its inner files");
  }
  const instance = await WebAssembly.instantiate(await source(), { "./envelock_bg.js": { ...glue } });
  glue.__wbg_set_wasm(instance.exports);
  const begin = instance.exports["__wbindgen_start"];
  if (typeof begin === "function") {
    begin();
  }
  return glue;
}
