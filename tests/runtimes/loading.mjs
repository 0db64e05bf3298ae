/**
 * How the package behaves while its module is not, or cannot be, loaded: cases for pages that are made for one of them.
 *
 * *Invariant:* each case is the first use of the package in its page.
 */

import { check, fails } from "./cases/support.mjs";

/** Names and cases. */
export function loading({ envelock, inspect, rawAes }) {
  const modules = () => performance.getEntriesByType("resource").filter(({ name }) => name.endsWith(".wasm"));
  return Object.entries({
    async lazy() {
      const box = envelock({ kek: rawAes({ namespace: "ns", name: "n", key: new Uint8Array(32) }) });
      check(modules().length === 0, "nothing is loaded before the first call");
      await Promise.all([box.seal("x"), box.seal("y"), inspect(await box.seal("z"))]);
      check(modules().length === 1, "the module is loaded once");
    },

    async refused() {
      const error = await fails(inspect(new Uint8Array(9)), "ERR_WASM_REFUSED");
      check(error.fault === "caller" && !error.retryable, "nothing changes by trying again");
      check(/'wasm-unsafe-eval' in the script-src directive/.test(error.message), "the directive is named");
      check(/envelock\/js/.test(error.message), "the way without it is named");
    },

    async missing() {
      delete globalThis.WebAssembly;
      const error = await fails(inspect(new Uint8Array(9)), "ERR_WASM_MISSING");
      check(error.fault === "caller" && !error.retryable, "nothing changes by trying again");
      check(/envelock\/js/.test(error.message), "the way without it is named");
    },

    async absent() {
      const { fetch } = globalThis;
      globalThis.fetch = async () => new Response("<!doctype html>", { headers: { "content-type": "text/html" } });
      await fails(inspect(new Uint8Array(9)), "ERR_NOT_AN_ENVELOPE");
      globalThis.fetch = fetch;
      check(performance.getEntriesByType("resource").some(({ name }) => name.endsWith("embedded.js")), "the copy is loaded");
    },
  });
}
