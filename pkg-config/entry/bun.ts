import { readFile } from "node:fs/promises";
import { compileEmbedded, provideWasm } from "../src/wasm.js";

const file = () => readFile(new URL("../wasm/envelock_bg.wasm", import.meta.url));
provideWasm("bun", async () => WebAssembly.compile(await file()), compileEmbedded);

export * from "../src/index.js";
