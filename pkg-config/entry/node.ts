import { readFile } from "node:fs/promises";
import { compileEmbedded, provideWasm } from "../src/wasm.js";

const file = () => readFile(new URL("../wasm/envelock_bg.wasm", import.meta.url));
provideWasm("node", compileBesideCrypto, compileEmbedded);

async function compileBesideCrypto(): Promise<WebAssembly.Module> {
  const compiling = WebAssembly.compile(await file());
  // Node loads its WebCrypto at the first look at it, which takes half as long as the compiling that threads do meanwhile.
  void globalThis.crypto;
  return compiling;
}

export * from "../src/index.js";
