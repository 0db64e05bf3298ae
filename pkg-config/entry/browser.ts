import { compileEmbedded, compileResponse, provideWasm } from "../src/wasm.js";

provideWasm("browser", () => compileResponse(fetch(new URL("../wasm/envelock_bg.wasm", import.meta.url))), compileEmbedded);

export * from "../src/index.js";
