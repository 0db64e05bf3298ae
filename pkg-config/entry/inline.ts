import { base64 } from "../wasm/embedded.js";
import { guess } from "../src/runtime.js";
import { compileBase64, provideWasm } from "../src/wasm.js";

provideWasm(guess(), () => compileBase64(base64));

export * from "../src/index.js";
