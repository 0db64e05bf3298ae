import module from "../wasm/envelock_bg.wasm";
import { provideWasm } from "../src/wasm.js";

provideWasm("workerd", async () => module);

export * from "../src/index.js";
