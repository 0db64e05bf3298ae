/**
 * Sends an outcome from a page, a dedicated worker or a service worker to the server that its script came from.
 *
 * *Invariant:* something is always sent; whoever waits for it learns why there is no outcome.
 */

import { describe } from "./run.mjs";

/** Calls `work` with the parameters of the script's or page's address, and sends what it gives. */
export function send(work) {
  const { origin, searchParams } = new URL(location.href);
  const sent = Promise.resolve(searchParams)
    .then(work)
    .catch((error) => ({ total: 1, failed: [{ name: "the suite itself", error: describe(error) }] }))
    .then((outcome) => fetch(`${origin}/report?id=${searchParams.get("id")}`, { method: "POST", body: JSON.stringify(outcome) }));
  // A service worker is stopped when nothing holds it.
  if ("skipWaiting" in globalThis) addEventListener("install", (event) => event.waitUntil(sent));
}
