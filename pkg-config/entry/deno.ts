import { compileEmbedded, provideWasm } from "../src/wasm.js";

// Reading the file would need a permission.
provideWasm("deno", compileEmbedded);

export * from "../src/index.js";
