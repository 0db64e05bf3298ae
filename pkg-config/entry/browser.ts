import { provide } from "../src/load.js";

provide(() => WebAssembly.compileStreaming(fetch(new URL("../wasm/envelock_bg.wasm", import.meta.url))));

export * from "../src/index.js";
