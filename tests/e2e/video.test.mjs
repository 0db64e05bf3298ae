/** The example of docs/examples/video: a media element plays a sealed file and seeks in it, and only ranges are fetched. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { once } from "node:events";
import { dirname, extname, join, normalize } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { envelock, localKek } from "envelock";
import { launch } from "./support/browser.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const EXAMPLE = join(here, "../../docs/examples/video");
const PACKAGE = join(here, "../../target/npm/envelock");
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };
const KEY = Uint8Array.from({ length: 32 }, (_, at) => at);
const SECONDS = 120;

let sealed;
let server;
let browser;
const ranges = [];

/** A minute or two of a tone: every media element plays it, and it needs no encoder. */
function tone() {
  const [rate, count] = [44_100, 44_100 * SECONDS];
  const wav = Buffer.alloc(44 + 2 * count);
  wav.write("RIFF", 0);
  wav.writeUInt32LE(36 + 2 * count, 4);
  wav.write("WAVEfmt ", 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(rate, 24);
  wav.writeUInt32LE(2 * rate, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write("data", 36);
  wav.writeUInt32LE(2 * count, 40);
  for (let at = 0; at < count; at++) wav.writeInt16LE(Math.round(8000 * Math.sin((2 * Math.PI * 440 * at) / rate)), 44 + 2 * at);
  return wav;
}

before(async () => {
  sealed = await envelock({ frameLength: 65_536, kek: localKek({ name: "videos", key: KEY }) }).seal(tone());
  server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url, "http://localhost").pathname);
    if (path === "/tone.wav") {
      const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
      if (from === undefined) return response.writeHead(200, { "content-length": sealed.length }).end(sealed);
      ranges.push([Number(from), Number(to)]);
      const part = sealed.subarray(Number(from), Number(to) + 1);
      return response.writeHead(206, { "content-range": `bytes ${from}-${Number(from) + part.length - 1}/${sealed.length}` }).end(part);
    }
    const file = path.startsWith("/envelock/") ? join(PACKAGE, path.slice("/envelock".length)) : join(EXAMPLE, path === "/" ? "index.html" : path);
    const bytes = await readFile(file).catch(() => undefined);
    return response.writeHead(bytes ? 200 : 404, { "content-type": TYPES[extname(file)] ?? "text/plain" }).end(bytes);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  browser = await launch();
});

after(async () => {
  await browser.close();
  server.closeAllConnections();
  server.close();
});

test("a sealed file plays and seeks in a media element", async () => {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  await page.waitForFunction(() => globalThis.play !== undefined);
  const duration = await page.evaluate(async (bytes) => {
    const key = await crypto.subtle.importKey("raw", Uint8Array.from(bytes), "AES-KW", false, ["wrapKey", "unwrapKey"]);
    const video = document.querySelector("video");
    video.muted = true;
    const ready = new Promise((resolve, reject) => {
      video.onloadedmetadata = resolve;
      video.onerror = () => reject(new Error(video.error.message));
    });
    await globalThis.play("/tone.wav", key);
    await ready;
    await video.play();
    return video.duration;
  }, [...KEY]);
  assert.equal(Math.round(duration), SECONDS);
  await page.waitForFunction(() => document.querySelector("video").currentTime > 0.2);
  const before = ranges.length;
  await page.evaluate(async (to) => {
    const video = document.querySelector("video");
    const seeked = new Promise((resolve) => (video.onseeked = resolve));
    video.currentTime = to;
    await seeked;
  }, SECONDS - 20);
  await page.waitForFunction((to) => document.querySelector("video").currentTime > to + 0.2, SECONDS - 20);
  const wanted = Math.floor((sealed.length * (SECONDS - 20)) / SECONDS);
  assert.ok(ranges.slice(before).some(([from, to]) => from <= wanted && to >= wanted), `the range of the seek is read: ${JSON.stringify(ranges.slice(before))}`);
  assert.ok(ranges.every(([from, to]) => to - from < sealed.length / 2), "no request is for most of the file");
  await page.close();
});
