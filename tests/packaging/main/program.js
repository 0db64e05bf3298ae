// Started by Node, Deno or Bun: prints the outcome of the suite.
import * as envelock from "envelock";
import { run } from "./run.mjs";

console.log(JSON.stringify(await run(envelock, globalThis.process.argv[2])));
