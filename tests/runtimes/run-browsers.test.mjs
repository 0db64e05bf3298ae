/** The suite in three browser engines: in pages, dedicated workers and service workers, unbundled and from four bundlers. */

import { join } from "node:path";
import { after } from "node:test";
import { BROWSERS } from "./support/browsers.mjs";
import { consumer, run } from "./support/consumer.mjs";
import { cell, expect } from "./support/matrix.mjs";
import { site } from "./support/site.mjs";

const REALMS = ["page", "dedicated worker", "service worker"];
const BUNDLERS = [
  { name: "Vite", project: "vite" },
  { name: "webpack", project: "webpack", classic: true },
  { name: "esbuild", project: "esbuild" },
  { name: "Rollup", project: "rollup" },
];
/** What the entries that browsers take are called inside the package. */
const ENTRIES = { envelock: "browser", "envelock/inline": "inline", "envelock/slim": "slim", "envelock/js": "js" };

const plain = await consumer("plain");
const folders = { support: join(import.meta.dirname, "support"), plain: plain.folder };
const places = [];

for (const [entry, file] of Object.entries(ENTRIES)) {
  await plain.main("page", entry, `page-${file}.js`);
  // Import maps are for pages only.
  await plain.main("page", `./node_modules/envelock/entry/${file}.js`, `worker-${file}.js`);
  for (const loaded of REALMS) {
    const script = `/plain/${loaded === "page" ? "page" : "worker"}-${file}.js`;
    places.push({ way: entry, loaded, script, query: `extent=${entry === "envelock" ? "all" : "brief"}` });
  }
}
for (const { name, project, classic } of BUNDLERS) {
  const { folder, main } = await consumer(project);
  await main("page", "envelock", "main.js");
  await run("npm", ["run", "--silent", "build"], { cwd: folder });
  folders[project] = join(folder, "dist");
  for (const loaded of REALMS) places.push({ way: name, loaded, script: `/${project}/main.js`, query: "extent=brief", classic });
}
places.push({ way: "no crypto.subtle", loaded: "page", script: "/plain/page-browser.js", query: "extent=brief&without=subtle" });
await plain.main("loading");
places.push({ way: "envelock/js under a CSP", loaded: "page", script: "/plain/page-js.js", query: "extent=brief", strict: true });
for (const name of ["lazy", "refused", "missing", "absent"]) {
  places.push({ name, loaded: "page", script: "/plain/loading-envelock.js", query: `case=${name}`, strict: name === "refused" });
}

const importMap = Object.fromEntries(Object.entries(ENTRIES).map(([entry, file]) => [entry, `/plain/node_modules/envelock/entry/${file}.js`]));

// All at once: a suite keeps one processor busy.
const opened = BROWSERS.map(async ({ open }) => {
  const pages = await site(folders, places, importMap);
  return { pages, close: await open(pages.first) };
});

BROWSERS.forEach(({ name }, at) => {
  for (const [id, place] of places.entries()) {
    const outcome = async () => (await opened[at]).pages.outcome(id);
    if (place.way === undefined) expect(`${name}: loading, ${place.name}`, outcome);
    else cell(`${name}, ${place.loaded}`, place.way, outcome);
  }
});

after(async () => {
  for (const { pages, close } of await Promise.all(opened)) {
    await close();
    pages.close();
  }
});
