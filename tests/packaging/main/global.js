// For runtimes that evaluate one script: leaves the outcome of the suite in a global.
import * as envelock from "envelock";
import { run } from "./run.mjs";

globalThis.outcome = run(envelock, globalThis.extent);
