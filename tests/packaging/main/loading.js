// In a page that lacks something or watches what is loaded.
import * as envelock from "envelock";
import { loading } from "./loading.mjs";
import { outcome } from "./run.mjs";
import { send } from "./send.mjs";

send((parameters) => outcome(loading(envelock).filter(([name]) => name === parameters.get("case"))));
