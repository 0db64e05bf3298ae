/** Data keys: cached, at hand, and gone when they are disposed of. */

import { check, fails, noise, same } from "./support.mjs";

/** What a call throws at once. */
function thrown(work, code) {
  try {
    work();
  } catch (error) {
    check(error.code === code, `fails with ${error.code ?? error}, not ${code}`);
    return error;
  }
  throw new Error(`must fail with ${code}`);
}

export function keys({ client, inspect, DataKey, EnvelockError, Opened }) {
  const context = { tenant: "t-7", purpose: "tëst" };

  return {
    async "a data key at hand seals and opens at once, and every client opens its messages"() {
      const box = client({ frameLength: 100 });
      const key = await box.dataKey({ context });
      check(key instanceof DataKey && JSON.stringify(Object.entries(key.context)) === JSON.stringify(Object.entries(context).sort()), "class and context");
      for (const size of [0, 1, 64, 99, 100, 101, 1024, 5000]) {
        const sealed = key.sealSync(noise(size));
        check(sealed.length === (await box.seal(noise(size), { context })).length, "as long as the client's");
        const opened = key.openSync(sealed);
        check(opened instanceof Opened && opened.context.tenant === "t-7", "as the client opens");
        same(opened, noise(size), `${size} bytes at once`);
        same(await client().open(sealed, { context }), noise(size), `${size} bytes by a client`);
      }
      check(key.openSync(key.sealSync("tëxt")).text() === "tëxt", "text");
      const [one, other] = await Promise.all([inspect(key.sealSync("x")), inspect(key.sealSync("x"))]);
      check(one.messageId !== other.messageId, "ids of their own");
      key.dispose();
    },

    async "a data key at hand takes every kind of bytes and refuses the rest"() {
      const key = await client().dataKey();
      const bytes = noise(5000);
      for (const input of [bytes.subarray(7, 4007), new Uint16Array(bytes.buffer, 8, 1000), new DataView(bytes.buffer, 3, 999), bytes.buffer]) {
        const expected = new Uint8Array(await new Blob([input]).arrayBuffer());
        same(key.openSync(key.sealSync(input)), expected, "as it is in a Blob");
      }
      for (const input of [7, null, undefined, {}, [1, 2], new Blob(["x"]), "half \ud800 a pair"]) {
        thrown(() => key.sealSync(input), "ERR_INVALID_ARGUMENT");
      }
      thrown(() => key.openSync("text"), "ERR_INVALID_ARGUMENT");
      key.dispose();
    },

    async "a data key at hand opens nothing but its own messages, undamaged"() {
      const box = client();
      const [key, other] = [await box.dataKey({ context }), await box.dataKey({ context })];
      const sealed = key.sealSync("abc");
      check(thrown(() => other.openSync(sealed), "ERR_OTHER_DATA_KEY").fault === "caller", "fault");
      thrown(() => key.openSync(sealed.subarray(0, sealed.length - 1)), "ERR_TRUNCATED");
      thrown(() => key.openSync(noise(200)), "ERR_NOT_AN_ENVELOPE");
      for (const [offset, code] of [[sealed.length - 1, "ERR_FRAME_AUTHENTICATION"], [10, "ERR_COMMITMENT_MISMATCH"]]) {
        const damaged = sealed.slice();
        damaged[offset] ^= 1;
        thrown(() => key.openSync(damaged), code);
      }
      await fails(box.open(sealed, { context: { tenant: "t-8" } }), "ERR_CONTEXT_MISMATCH");
    },

    async "a data key that is disposed of is gone"() {
      const box = client();
      const key = await box.dataKey();
      const sealed = key.sealSync("abc");
      if (Symbol.dispose) key[Symbol.dispose]();
      else key.dispose();
      key.dispose();
      check(thrown(() => key.sealSync("abc"), "ERR_DISPOSED") instanceof EnvelockError, "class");
      thrown(() => key.openSync(sealed), "ERR_DISPOSED");
      check((await box.open(sealed)).text() === "abc", "the client still opens");
    },

    async "a cache serves many messages with one data key for each context"() {
      const box = client({ cache: { maxAge: 60_000, maxMessages: 3, maxBytes: 2 ** 36 } });
      check(box.stats().entries === 0, "nothing yet");
      const sealed = [];
      for (let at = 0; at < 7; at++) sealed.push(await box.seal(`${at}`, { context: { at: "same" } }));
      for (let round = 0; round < 2; round++) {
        for (const [at, message] of sealed.entries()) check((await box.open(message)).text() === `${at}`, "opens");
      }
      const wrapped = await Promise.all(sealed.map(async (message) => (await inspect(message)).context.at));
      check(wrapped.every((at) => at === "same"), "context");
      const stats = box.stats();
      check(stats.misses.messageLimit === 2 && stats.misses.absent === 4, JSON.stringify(stats));
      check(stats.hits === 4 + 11 && stats.entries === 4, JSON.stringify(stats));
      check(Object.values(client().stats()).every((value) => typeof value === "object" || value === 0), "no cache, no numbers");
    },

    async "a stream counts against the byte limit as it goes"() {
      const box = client({ cache: { maxBytes: 1000 }, frameLength: 100 });
      const sealed = new Response(box.sealStream(new Blob([noise(950)])));
      check((await box.open(new Uint8Array(await sealed.arrayBuffer()))).length === 950, "opens");
      await box.seal(noise(50));
      check(box.stats().misses.byteLimit === 0, "exactly full");
      await box.seal(noise(1));
      check(box.stats().misses.byteLimit === 1, "and full");
    },

    async "a client that is disposed of holds nothing and says so"() {
      const box = client({ cache: {} });
      const sealed = await box.seal("abc");
      check(box.stats().entries === 1, "cached");
      if (Symbol.asyncDispose) await box[Symbol.asyncDispose]();
      else box.dispose();
      check(box.stats().entries === 0, "wiped");
      await fails(box.seal("abc"), "ERR_DISPOSED");
      await fails(box.open(sealed), "ERR_DISPOSED");
      await fails(box.dataKey(), "ERR_DISPOSED");
      await fails(box.sealBlob(new Blob(["abc"])), "ERR_DISPOSED");
      const unused = client();
      unused.dispose();
      await fails(unused.seal("abc"), "ERR_DISPOSED");
    },

    async "limits of the cache that make no sense are refused"() {
      for (const cache of [7, "yes", { maxAge: 0 }, { maxMessages: 1.5 }, { maxBytes: 2 ** 53 }, { maxEntries: "9" }, { ttl: 5 }]) {
        await fails(client({ cache }).seal("abc"), "ERR_INVALID_ARGUMENT");
      }
      await fails(client({ onRewrapped: 7 }).seal("abc"), "ERR_INVALID_ARGUMENT");
      await client({ cache: { maxBytes: 2 ** 53 - 1 } }).seal("abc");
    },
  };
}
