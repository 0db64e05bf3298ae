import module from "../wasm/envelock_bg.wasm?module";
import { provideWasm } from "../src/wasm.js";

provideWasm("edge", async () => module);

export * from "../src/index.js";
