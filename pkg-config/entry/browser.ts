import { provide } from "../src/load.js";

provide("browser", async () => {
  const response = await fetch(new URL("../wasm/envelock_bg.wasm", import.meta.url));
  // Streaming needs the right media type, which not every server knows.
  const streams = response.headers.get("content-type") === "application/wasm";
  return streams ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer());
});

export * from "../src/index.js";
