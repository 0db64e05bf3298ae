/** Answers requests below `opened/` from sealed files of the same server. */

import { envelock, localKek } from "/envelock/entry/browser.js";

const files = new Map();
let box;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("message", ({ data, ports }) => {
  box = envelock({ kek: localKek({ name: "videos", key: data.key }) });
  ports[0].postMessage("ready");
});

self.addEventListener("fetch", (event) => {
  const [, path] = new URL(event.request.url).pathname.split("/opened");
  if (path !== undefined && box !== undefined) event.respondWith(answer(event.request, path));
});

async function answer(request, path) {
  // Header and end are verified once; every request then reads what it needs.
  if (!files.has(path)) files.set(path, box.openFile(new URL(path, location.href)));
  return (await files.get(path)).response(request, { type: path.endsWith(".wav") ? "audio/wav" : "video/mp4" });
}
