// In a page, a dedicated worker or a service worker.
import * as envelock from "envelock";
import { run } from "./run.mjs";
import { send } from "./send.mjs";

send((parameters) => run(envelock, parameters.get("extent")));
