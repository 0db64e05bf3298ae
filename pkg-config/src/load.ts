import * as glue from "../wasm/envelock_bg.js";
import { EnvelockError } from "./error.js";

/** The module's functions, once it is loaded. */
export type Module = typeof glue;

let source: (() => Promise<WebAssembly.Module>) | undefined;
let loading: Promise<Module> | undefined;

/** Says where the module comes from. Called once by the entry of the runtime; loads nothing yet. */
export function provide(compile: () => Promise<WebAssembly.Module>): void {
  source = compile;
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
