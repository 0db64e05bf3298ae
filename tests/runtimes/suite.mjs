/**
 * What the package must do in every runtime. Each case throws when it fails; the runners only say where it runs.
 *
 * *Invariant:* nothing here knows the runtime.
 */

import { files } from "./cases/files.mjs";
import { keks } from "./cases/keks.mjs";
import { keys } from "./cases/keys.mjs";
import { published } from "./cases/published.mjs";
import { streams } from "./cases/streams.mjs";
import { check, ENGINES, fails, hex, KEY, noise, same, unbase64 } from "./cases/support.mjs";

/**
 * The cases by name, over a copy of the package, the published messages of `esdk-v2.json`, and those of the format's
 * maintainers: `raw-aes.json` as `rawAes` and `commitment-test-vectors.json` as `commitment`; each with every engine.
 */
export function cases(api, vectors, official) {
  const named = ENGINES.flatMap((engine) => {
    const client = (options = {}) => api.envelock({ kek: api.rawAes({ namespace: "ns", name: "n", key: KEY }), engine, ...options });
    // A client that is made by hand within a case uses the engine of the case, too.
    const given = { ...api, envelock: (options) => api.envelock({ engine, ...options }), client };
    const all = {
      ...whole(given, vectors),
      ...streams(given),
      ...files(given, vectors),
      ...published(given, official),
      ...keks(given),
      ...keys(given),
    };
    return Object.entries(all).map(([name, run]) => [`${engine}: ${name}`, run]);
  });
  return { ...Object.fromEntries(named), ...crossed(api) };
}

/** Messages that are in memory as a whole. */
function whole({ client, envelock, inspect, rawAes, keyProtect, bearer, EnvelockError, Opened }, vectors) {
  const box = client();
  const context = { tenant: "t-7", purpose: "tëst" };

  return {
    async "text, JSON and empty input come back"() {
      for (const text of ["", "attack at dawn", "\ufeffÄ€𐐀", JSON.stringify({ a: [1] })]) {
        const opened = await box.open(await box.seal(text));
        check(opened.text() === text, `text ${JSON.stringify(text)}`);
      }
      check((await box.open(await box.seal('{"a":[1]}'))).json().a[0] === 1, "json");
    },

    async "every kind of bytes is taken with its offset and length"() {
      const bytes = noise(5000);
      const inputs = {
        view: bytes.subarray(7, 4007),
        words: new Uint16Array(bytes.buffer, 8, 1000),
        data: new DataView(bytes.buffer, 3, 999),
        buffer: bytes.buffer,
        blob: new Blob([bytes.subarray(0, 10), bytes.subarray(10)]),
        nothing: new Uint8Array(0),
      };
      for (const [name, input] of Object.entries(inputs)) {
        const expected = new Uint8Array(await new Blob([input]).arrayBuffer());
        const sealed = await box.seal(input);
        same(await box.open(sealed), expected, name);
        same(await box.open(new Blob([sealed])), expected, `${name} from a Blob`);
        const shifted = new Uint8Array(sealed.length + 9);
        shifted.set(sealed, 5);
        same(await box.open(shifted.subarray(5, 5 + sealed.length)), expected, `${name} from a view`);
      }
    },

    async "sizes around pieces and frames come back"() {
      for (const frameLength of [1, 1000, 262_144, 300_000]) {
        const small = client({ frameLength });
        const sizes = frameLength === 1 ? [0, 1, 2, 50] : [frameLength - 1, frameLength, frameLength + 1, 2 * frameLength];
        for (const size of [...sizes, ...(frameLength < 1000 ? [] : [262_143, 262_144, 262_145])]) {
          const bytes = noise(size);
          const sealed = await small.seal(bytes);
          same(await box.open(sealed), bytes, `${size} bytes in frames of ${frameLength}`);
          const seen = await inspect(sealed);
          check(seen.plaintextLength === size && seen.frameLength === frameLength, "inspect agrees");
        }
      }
    },

    async "what is opened is bytes, with its context"() {
      const opened = await box.open(await box.seal("abc", { context }), { context: { tenant: "t-7" } });
      check(opened instanceof Uint8Array && opened instanceof Opened, "is a byte array");
      check(JSON.stringify(Object.entries(opened.context).sort()) === JSON.stringify(Object.entries(context).sort()), "context");
      check(!(opened.subarray(1) instanceof Opened), "views are plain");
      let refused = false;
      try {
        (await box.open(await box.seal(Uint8Array.of(0xff)))).text();
      } catch (error) {
        refused = error instanceof TypeError;
      }
      check(refused, "text of bytes that are none");
    },

    async "another context is refused"() {
      const sealed = await box.seal("abc", { context });
      for (const wrong of [{ tenant: "t-8" }, { other: "x" }, { ...context, more: "" }]) {
        const error = await fails(box.open(sealed, { context: wrong }), "ERR_CONTEXT_MISMATCH");
        check(error instanceof EnvelockError && error instanceof Error && error.fault === "caller", "class and fault");
      }
    },

    async "a pair named __proto__ is a pair"() {
      const pairs = JSON.parse('{"__proto__":"x","constructor":"y"}');
      const sealed = await box.seal("abc", { context: pairs });
      const opened = await box.open(sealed, { context: pairs });
      for (const found of [opened.context, (await inspect(sealed)).context]) {
        check(JSON.stringify(found) === '{"__proto__":"x","constructor":"y"}', JSON.stringify(found));
      }
      const other = JSON.parse('{"__proto__":"z"}');
      await fails(box.open(sealed, { context: other }), "ERR_CONTEXT_MISMATCH");
    },

    async "damage is found"() {
      const sealed = await client({ frameLength: 100 }).seal(noise(1000), { context });
      await fails(box.open(sealed.subarray(0, sealed.length - 1)), "ERR_TRUNCATED");
      await fails(box.open(sealed.subarray(0, 50)), "ERR_TRUNCATED");
      await fails(box.open(new Uint8Array(0)), "ERR_TRUNCATED");
      await fails(box.open(new Blob([sealed, "x"])), "ERR_TRAILING_DATA");
      for (const [offset, code] of [[sealed.length - 1, "ERR_FRAME_AUTHENTICATION"], [10, "ERR_COMMITMENT_MISMATCH"]]) {
        const damaged = sealed.slice();
        damaged[offset] ^= 1;
        check((await fails(box.open(damaged), code)).fault === "data", "fault");
      }
      await fails(box.open(new TextEncoder().encode("%PDF-1.7")), "ERR_NOT_AN_ENVELOPE");
      await fails(inspect(new TextEncoder().encode(btoa(String.fromCharCode(...sealed.subarray(0, 60))))), "ERR_BASE64_ENVELOPE");
    },

    async "another key does not open"() {
      const sealed = await box.seal("abc");
      const other = (name, byte) => envelock({ kek: rawAes({ namespace: "ns", name, key: new Uint8Array(32).fill(byte) }) });
      await fails(other("n", 9).open(sealed), "ERR_UNWRAP_FAILED");
      await fails(other("m", 9).open(sealed), "ERR_NO_MATCHING_KEK");
    },

    async "limits hold"() {
      const sealed = await client({ frameLength: 5000 }).seal("abc");
      await fails(client({ frameLength: 1, maxFrameLength: 4999 }).open(sealed), "ERR_FRAME_TOO_LONG");
      check((await client({ frameLength: 1, maxFrameLength: 5000, maxEdks: 1 }).open(sealed)).text() === "abc", "at the limit");
    },

    async "wrong arguments are named"() {
      const auth = bearer(() => "t");
      const wrong = [
        () => box.seal(5),
        () => box.seal(undefined),
        () => box.open("text"),
        () => inspect({}),
        () => box.seal("a", { contxt: {} }),
        () => box.seal("a", { context: { a: 5 } }),
        () => box.seal("a", { context: "a" }),
        () => box.seal("a", { context: ["a"] }),
        () => box.seal("a", { context: new Map([["a", "b"]]) }),
        () => box.seal("a", { context: { "aws-crypto-x": "y" } }),
        () => box.seal("a", { signal: "stop" }),
        () => box.seal("a", { onProgress: 5 }),
        () => box.seal("half a pair: \ud800"),
        () => box.seal("a", { context: { a: "\udc00" } }),
        () => box.seal("a", { context: { "\ud800": "a" } }),
        () => client({ frameLength: 0 }).seal("a"),
        () => client({ frameLength: 5000, maxFrameLength: 4999 }).seal("a"),
        () => client({ maxFrameLength: 2 ** 30 + 1 }).seal("a"),
        () => client({ frameLength: 1.5 }).seal("a"),
        () => client({ maxEdks: 65536 }).seal("a"),
        () => client({ cash: {} }).seal("a"),
        () => client({ engine: "fast" }).seal("a"),
        () => envelock({ kek: {} }).seal("a"),
        () => envelock({ kek: rawAes({ namespace: "ns", name: "n", key: new Uint8Array(31) }) }).seal("a"),
        () => envelock({ kek: keyProtect({ endpoint: "http://keys.example.com", instance: "i", key: "k", auth }) }).seal("a"),
        () => envelock({ kek: keyProtect({ endpoint: "https://keys.example.com", instance: "i", key: "a/b", auth }) }).seal("a"),
      ];
      for (const call of wrong) {
        const error = await fails(call(), "ERR_INVALID_ARGUMENT");
        check(error.fault === "caller" && /^[\w ]+: /.test(error.message), `${call}: ${error.message}`);
      }
    },

    async "progress goes up to the end"() {
      const bytes = noise(1_000_000);
      const seen = [];
      const sealed = await box.seal(bytes, { onProgress: (progress) => seen.push(progress) });
      check(seen.length > 2 && seen.every(({ total }) => total === bytes.length), "several reports");
      check(seen.at(-1).done === bytes.length && seen.every(({ done }, at) => at === 0 || done > seen[at - 1].done), "up");
      seen.length = 0;
      await box.open(sealed, { onProgress: (progress) => seen.push(progress) });
      check(seen.at(-1).done === sealed.length, "opening too");
    },

    async "an abort ends the call with its reason"() {
      const reason = new Error("enough");
      const bytes = noise(2_000_000);
      const sealed = await box.seal(bytes);
      for (const verb of ["seal", "open"]) {
        const before = await box[verb](verb === "seal" ? bytes : sealed, { signal: AbortSignal.abort(reason) }).catch((error) => error);
        check(before === reason, `${verb}: aborted before`);
        const controller = new AbortController();
        const onProgress = ({ done }) => done > 500_000 && controller.abort(reason);
        const during = await box[verb](verb === "seal" ? bytes : sealed, { signal: controller.signal, onProgress }).catch((error) => error);
        check(during === reason, `${verb}: aborted during`);
      }
    },

    async "what a callback throws comes back as it is"() {
      const thrown = new RangeError("mine");
      const caught = await box.seal("abc", { onProgress: () => { throw thrown; } }).catch((error) => error);
      check(caught === thrown, "onProgress");
    },

    async "calls side by side do not mix"() {
      const sealed = await Promise.all(Array.from({ length: 30 }, (_, at) => box.seal(`message ${at}`, { context: { at: String(at) } })));
      const opened = await Promise.all(sealed.map((message, at) => box.open(message, { context: { at: String(at) } })));
      opened.forEach((bytes, at) => check(bytes.text() === `message ${at}`, `message ${at}`));
      check(new Set(await Promise.all(sealed.map(async (message) => (await inspect(message)).messageId))).size === 30, "message ids");
    },

    async "a buffer that is taken away meanwhile is no empty message"() {
      const bytes = noise(2_000_000);
      const sealing = box.seal(bytes, { onProgress: () => bytes.length > 0 && structuredClone(bytes, { transfer: [bytes.buffer] }) });
      await fails(sealing, "ERR_INVALID_ARGUMENT");
    },

    async "messages of other implementations open"() {
      check(vectors.length === 12, "all are here");
      for (const { id, keks, message_b64, plaintext_length, frames, header_length, context: pairs } of vectors) {
        const message = unbase64(message_b64);
        for (const { namespace, name, key_hex } of keks) {
          const other = envelock({ kek: rawAes({ namespace, name, key: hex(key_hex) }) });
          const opened = await other.open(message, { context: pairs });
          check(opened.length === plaintext_length, id);
        }
        const seen = await inspect(message);
        check(seen.frames === frames && seen.headerLength === header_length && seen.plaintextLength === plaintext_length, `${id}: inspect`);
        check(seen.suite === "0x0478" && seen.committing && seen.version === 2 && seen.messageLength === message.length, `${id}: inspect`);
      }
    },
  };
}

/** What one engine seals, the other opens. */
function crossed({ envelock, rawAes }) {
  const kek = rawAes({ namespace: "ns", name: "n", key: KEY });
  return {
    async "engines open each other's messages"() {
      for (const frameLength of [1, 100, 262_144]) {
        const [wasm, webcrypto] = ["wasm", "webcrypto"].map((engine) => envelock({ kek, engine, frameLength }));
        for (const size of frameLength === 1 ? [0, 1, 40] : [0, 1, 99, 100, 101, 1000, 300_000]) {
          if (size > 1000 && frameLength < 1000) continue;
          for (const [from, to] of [[wasm, webcrypto], [webcrypto, wasm]]) {
            same(await to.open(await from.seal(noise(size))), noise(size), `${size} bytes in frames of ${frameLength}`);
          }
        }
      }
    },
  };
}
