import * as glue from "../wasm/translated_bg.js";
import { instantiate } from "../wasm/translated.js";
import { provide } from "../src/load.js";
import { guess } from "../src/runtime.js";

provide(guess(), glue, async (imports) => instantiate(imports));

export * from "../src/index.js";
