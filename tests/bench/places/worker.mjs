/**
 * A worker that seals and opens data of its own, or seals a file, when it is told to.
 *
 * *Invariant:* answers every task once, when it is done.
 */

import * as ours from "/bundles/envelock.js";
import { client } from "../contenders/envelock.mjs";
import { drain, noise } from "../support.mjs";

const box = client(ours);
let data;
let message;

const work = {
  async prepare(size) {
    data = noise(size);
    message = await box.seal(data);
  },
  file: (file) => drain(file.stream().pipeThrough(box.sealStream())),
  whole: (verb) => (verb === "seal" ? box.seal(data) : box.open(message)),
  stream: (verb) => drain(verb === "seal" ? box.sealStream(streamOf(data)) : box.openStream(streamOf(message))),
};

function streamOf(bytes) {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
}

addEventListener("message", async ({ data: task }) => {
  for (const [name, value] of Object.entries(task)) await work[name](value);
  postMessage("done");
});

addEventListener("unhandledrejection", ({ reason }) => {
  throw reason;
});
