/**
 * A server whose pages run the suite one after another and send in what came of it.
 *
 * *Invariant:* a browser needs no driver: it is started with the address of the first page and goes on by itself.
 */

import { createServer } from "node:http";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { json } from "node:stream/consumers";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };
const POLICY = "default-src 'self'; script-src 'self' 'nonce-map'";
/** For one page, with a machine that is busy. */
const PATIENCE = 180_000;

/**
 * Serves `folders`, by the first part of a path, and a page for each of `places`: what is `loaded` (page, worker or
 * service worker), from which `script`, with which `query`, whether it is a `classic` script, and under a policy that
 * allows WebAssembly unless it is `strict`.
 */
export async function site(folders, places, importMap) {
  const waiting = places.map(promise);
  let hung;
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://localhost");
    const id = Number(searchParams.get("id"));
    if (pathname === "/report") {
      waiting[id].resolve(await json(request));
      response.end();
    } else if (pathname === "/next") {
      await waiting[id].promise;
      response.end(id + 1 < places.length ? address(places[id + 1], id + 1) : "/end");
    } else if (pathname === "/page") {
      const policy = places[id].strict ? POLICY : `${POLICY} 'wasm-unsafe-eval'`;
      response.writeHead(200, { "content-type": "text/html", "content-security-policy": policy });
      response.end(page(places[id], importMap));
    } else {
      const [, root, ...rest] = normalize(pathname).split("/");
      const bytes = folders[root] && (await readFile(join(folders[root], ...rest)).catch(() => undefined));
      response.writeHead(bytes ? 200 : 404, { "content-type": TYPES[extname(pathname)] ?? "text/plain" });
      response.end(bytes);
    }
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const origin = `http://127.0.0.1:${server.address().port}`;
  return {
    first: origin + address(places[0], 0),
    /** What a place sent in. The one before it has been waited for; if it hung, so do all after it. */
    async outcome(id) {
      if (hung !== undefined) throw hung;
      const { loaded, script } = places[id];
      let timer;
      const late = new Promise((_, reject) => {
        const give = () => reject((hung = new Error(`nothing came from ${script} in a ${loaded} in ${PATIENCE / 1000} s`)));
        timer = setTimeout(give, PATIENCE);
      });
      return Promise.race([waiting[id].promise, late]).finally(() => clearTimeout(timer));
    },
    close: () => (server.close(), server.closeAllConnections()),
  };
}

function promise() {
  let resolve;
  return { promise: new Promise((settle) => (resolve = settle)), resolve };
}

function address({ loaded, script, query = "" }, id) {
  return `/page?id=${id}&loaded=${encodeURIComponent(loaded)}&script=${encodeURIComponent(script)}&${query}`;
}

function page({ loaded, script, classic }, importMap) {
  const type = classic ? "" : ' type="module"';
  const own = loaded === "page" ? `<script${type} src="${script}"></script>` : "";
  return `<!doctype html><meta charset="utf-8"><title>Suite</title>
<script type="importmap" nonce="map">${JSON.stringify({ imports: importMap })}</script>
<script src="/support/frame.js"></script>${own}`;
}
