// A route of a Next.js application: answers a request with the outcome of the suite.
import * as envelock from "envelock";
import { run } from "../../run.mjs";

export const runtime = "edge";

export async function GET(request) {
  return Response.json(await run(envelock, new URL(request.url).searchParams.get("extent")));
}
