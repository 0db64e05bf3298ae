import { guess } from "../src/runtime.js";
import { compileGiven, useModule, type CompiledModule, type ModuleSource } from "../src/slim.js";
import { provideWasm } from "../src/wasm.js";

provideWasm(guess(), compileGiven);

export { useModule, type CompiledModule, type ModuleSource };
export * from "../src/index.js";
