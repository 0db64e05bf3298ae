/** Everything the format has, as its maintainers published it: opened where it is allowed, refused by name where not. */

import { check, drain, fails, hex, same, source, unbase64 } from "./support.mjs";

const EVERYTHING = { signed: true, version1: true, nonFramed: 2 ** 20 };
/** The generator of P-256, compressed: a platform need not take points in that form. */
const POINT = hex("036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296");

/** Whether signatures can be verified here. */
async function verifies() {
  const key = crypto.subtle?.importKey("raw", POINT, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
  return key !== undefined && key.then(() => true, () => false);
}

/** The cases over `raw-aes.json` and `commitment-test-vectors.json`. */
export function published({ envelock, inspect, rawAes }, { rawAes: raw, commitment }) {
  const box = ({ namespace, name, key_hex }, options = {}) => envelock({ kek: rawAes({ namespace, name, key: hex(key_hex) }), ...options });
  const signed = ({ suite }) => ["0578", "0378", "0346", "0214"].includes(suite);
  const old = ({ suite }) => suite[1] < "4";
  const allowed = (vector) => !signed(vector) && !old(vector);
  const find = (test) => raw.vectors.find((vector) => vector.valid && test(vector));

  return {
    async "published raw AES messages come out as published where all is allowed"() {
      check(raw.vectors.length === 45, "all are here");
      const canVerify = await verifies();
      for (const vector of raw.vectors) {
        const { id, keks, message_b64, hidden_context: unstoredContext, valid, plaintext } = vector;
        const message = unbase64(message_b64);
        const opening = box(keks[0], { accept: EVERYTHING }).open(message, { unstoredContext });
        if (signed(vector) && !canVerify) {
          await fails(opening, "ERR_SIGNATURE_UNSUPPORTED");
        } else if (valid) {
          same(await opening, unbase64(raw.plaintexts[plaintext]), id);
        } else {
          await fails(opening, "ERR_HEADER_AUTHENTICATION");
        }
        const seen = await inspect(message);
        check(seen.suite === `0x${vector.suite}` && seen.signed === signed(vector) && seen.committing === !old(vector), `${id}: inspect`);
        check(seen.plaintextLength === unbase64(raw.plaintexts[plaintext]).length, `${id}: inspect, ${seen.plaintextLength} bytes`);
      }
    },

    async "what is not allowed is refused by name"() {
      for (const vector of raw.vectors.filter((vector) => !allowed(vector))) {
        const message = unbase64(vector.message_b64);
        const refused = [{}, { accept: { ...EVERYTHING, [signed(vector) ? "signed" : "version1"]: false } }];
        for (const options of refused) {
          const error = await fails(box(vector.keks[0], options).open(message), "ERR_SUITE_NOT_ALLOWED");
          check(error.fault === "caller" && error.message.includes("accept"), error.message);
        }
      }
      const counts = {};
      for (const { ciphertext } of commitment.tests) {
        const { code } = await box(raw.vectors[0].keks[0]).open(unbase64(ciphertext)).catch((error) => error);
        counts[code] = (counts[code] ?? 0) + 1;
      }
      // The others are of keys that this client does not have.
      check(JSON.stringify(Object.entries(counts).sort()) === '[["ERR_NON_FRAMED",3],["ERR_NO_MATCHING_KEK",20],["ERR_SUITE_NOT_ALLOWED",23]]', JSON.stringify(counts));
    },

    async "signatures are verified before any key is asked"() {
      if (!(await verifies())) return;
      const other = box(raw.vectors[0].keks[0], { accept: EVERYTHING });
      const messages = commitment.tests.map(({ ciphertext }) => unbase64(ciphertext)).filter((message) => message[1] === 5);
      check(messages.length === 23, "all are here");
      for (const message of messages) {
        await fails(other.open(message), "ERR_NO_MATCHING_KEK");
        // In the header's tag, and in the signature's second number.
        const { headerLength } = await inspect(message);
        for (const at of [headerLength - 1, message.length - 1]) {
          const damaged = message.slice();
          damaged[at] ^= 1;
          await fails(other.open(damaged), "ERR_SIGNATURE");
        }
        await fails(other.open(message.subarray(0, message.length - 1)), "ERR_TRUNCATED");
        await fails(other.open(new Blob([message, "x"])), "ERR_TRAILING_DATA");
      }
    },

    async "what is signed goes through no stream and opens in no parts"() {
      const vector = find(signed);
      const message = unbase64(vector.message_b64);
      const client = box(vector.keks[0], { accept: EVERYTHING });
      const { bytes, error } = await drain(client.openStream(source(message, () => 1000).stream));
      check(bytes.length === 0 && error?.code === "ERR_WHOLE_ONLY", `${error}`);
      await fails(client.openFile(new Blob([message])), "ERR_WHOLE_ONLY");
    },

    async "version 1 goes through streams and opens in parts"() {
      for (const suite of ["0014", "0046", "0178"]) {
        const vector = find((vector) => vector.suite === suite);
        const message = unbase64(vector.message_b64);
        const plaintext = unbase64(raw.plaintexts[vector.plaintext]);
        const client = box(vector.keks[0], { accept: { version1: true } });
        const { bytes, error } = await drain(client.openStream(source(message, () => 1000).stream));
        check(error === undefined, `${error}`);
        same(bytes, plaintext, suite);
        const file = await client.openFile(new Blob([message]));
        same(new Uint8Array(await file.slice(5000, 9000).arrayBuffer()), plaintext.subarray(5000, 9000), suite);
      }
    },

    async "pairs that are not stored are needed as they were"() {
      const vector = find((vector) => allowed(vector) && Object.keys(vector.hidden_context).length > 0);
      const message = unbase64(vector.message_b64);
      const client = box(vector.keks[0]);
      const unstoredContext = vector.hidden_context;
      const plaintext = unbase64(raw.plaintexts[vector.plaintext]);
      same(await client.open(message, { unstoredContext }), plaintext, "whole");
      same((await drain(client.openStream(source(message, () => 999).stream, { unstoredContext }))).bytes, plaintext, "stream");
      check((await client.openFile(new Blob([message]), { unstoredContext })).size === plaintext.length, "file");
      await fails(client.open(message), "ERR_UNWRAP_FAILED");
      await fails(client.open(message, { context: unstoredContext }), "ERR_CONTEXT_MISMATCH");
      await fails(client.open(message, { unstoredContext: { ...unstoredContext, more: "" } }), "ERR_UNWRAP_FAILED");
      await fails(client.seal("x", { unstoredContext }), "ERR_INVALID_ARGUMENT");
    },

    async "wrong words for what is allowed are named"() {
      for (const accept of [true, { signd: true }, { signed: 1 }, { nonFramed: 0 }, { nonFramed: 2 ** 30 + 1 }, { nonFramed: true }]) {
        await fails(box(raw.vectors[0].keks[0], { accept }).seal("x"), "ERR_INVALID_ARGUMENT");
      }
    },
  };
}
