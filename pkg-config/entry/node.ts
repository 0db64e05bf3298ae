import { readFile } from "node:fs/promises";
import { provide } from "../src/load.js";

provide("node", async () => WebAssembly.compile(await readFile(new URL("../wasm/envelock_bg.wasm", import.meta.url))));

export * from "../src/index.js";
