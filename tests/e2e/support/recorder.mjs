/**
 * A forward proxy that a whole browser is made to use, so that nothing it sends can go unseen.
 *
 * *Invariant:* passes requests to the one allowed origin and refuses, but keeps, all others.
 */

import { once } from "node:events";
import http from "node:http";

export async function startRecorder(allowedOrigin) {
  const requests = [];
  const refused = [];
  const server = http.createServer((request, response) => {
    const url = new URL(request.url, allowedOrigin);
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      requests.push({ method: request.method, url: request.url, headers: request.rawHeaders, body });
      if (url.origin !== allowedOrigin) {
        refused.push(request.url);
        response.writeHead(403).end();
        return;
      }
      const onward = http.request(url, { method: request.method, headers: request.headers }, (answer) => {
        response.writeHead(answer.statusCode, answer.rawHeaders);
        answer.pipe(response);
      });
      onward.on("error", () => response.writeHead(502).end());
      onward.end(body);
    });
  });
  // Tunnels and protocol switches would pass unread, so they are not made.
  for (const type of ["connect", "upgrade"]) {
    server.on(type, (request, socket) => {
      refused.push(request.url);
      socket.destroy();
    });
  }
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    requests,
    /** What the proxy did not pass on. The browser itself calls home now and then; `startBrowser` tells that from the page. */
    refused,
    /** Everything sent so far, as one run of bytes. */
    bytes: () => Buffer.concat(requests.flatMap(({ method, url, headers, body }) => [Buffer.from(`${method} ${url}\n${headers.join("\n")}\n\n`), body, Buffer.from("\n\n")])),
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
