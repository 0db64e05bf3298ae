// A Worker: answers a request with the outcome of the suite.
import * as envelock from "envelock";
import { run } from "./run.mjs";

export default {
  fetch: async (request) => Response.json(await run(envelock, new URL(request.url).searchParams.get("extent"))),
};
