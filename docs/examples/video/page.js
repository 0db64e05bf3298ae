/** Gives the worker a key, and then the video element an address that the worker answers. */

/** Plays the sealed file at `path` with an AES key for key wrapping. */
export async function play(path, key) {
  await navigator.serviceWorker.register("worker.js", { type: "module" });
  const { active } = await navigator.serviceWorker.ready;
  const answer = new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = resolve;
    active.postMessage({ key }, [port2]);
  });
  await answer;
  document.querySelector("video").src = `opened${path}`;
}

globalThis.play = play;
