/** KEKs that need no service: local ones, in memory or in the platform's hands, and several together. */

import { check, fails, KEY } from "./support.mjs";

export function keks({ envelock, inspect, allOf, anyOf, apiKey, bearer, keyProtect, localKek, rawAes }) {
  const platformKey = (usages = ["wrapKey", "unwrapKey"], key = KEY) =>
    crypto.subtle.importKey("raw", key, "AES-KW", false, usages);
  const a = localKek({ name: "a", key: KEY });
  const b = rawAes({ namespace: "ns", name: "b", key: KEY });
  const seal = (kek) => envelock({ kek }).seal("attack at dawn");
  const opens = async (kek, sealed, what) => {
    check((await envelock({ kek }).open(sealed)).text() === "attack at dawn", what);
  };

  return {
    async "a local key of any length wraps, and only the same one unwraps"() {
      for (const length of [16, 24, 32]) {
        const kek = localKek({ name: "a", key: KEY.subarray(0, length) });
        await opens(kek, await seal(kek), `${length} bytes`);
      }
      const sealed = await seal(a);
      const [edk] = (await inspect(sealed)).edks;
      check(edk.providerId === "envelock-aes-kw-v1" && edk.providerInfo === "a", "names the key");
      await fails(envelock({ kek: localKek({ name: "a", key: new Uint8Array(32) }) }).open(sealed), "ERR_UNWRAP_FAILED");
      await fails(envelock({ kek: localKek({ name: "b", key: KEY }) }).open(sealed), "ERR_NO_MATCHING_KEK");
    },

    async "a key that the platform does not give out wraps the same"() {
      if (!globalThis.crypto?.subtle) return;
      const held = localKek({ name: "a", key: await platformKey() });
      await opens(held, await seal(a), "sealed in memory");
      await opens(a, await seal(held), "sealed by the platform");
      await opens(held, await seal(held), "both by the platform");
      const other = localKek({ name: "a", key: await platformKey(undefined, new Uint8Array(32)) });
      await fails(envelock({ kek: other }).open(await seal(a)), "ERR_UNWRAP_FAILED");
      await fails(seal(localKek({ name: "a", key: await platformKey(["wrapKey"]) })), "ERR_INVALID_ARGUMENT");
    },

    async "of anyOf each opens, of allOf all are needed"() {
      for (const kek of [a, b, anyOf(b, a)]) await opens(kek, await seal(anyOf(a, b)), "any");
      await opens(allOf(a, b), await seal(allOf(a, b)), "all");
      for (const kek of [a, b, allOf(b, a)]) await fails(envelock({ kek }).open(await seal(allOf(a, b))), "ERR_NO_MATCHING_KEK");
      const nested = await seal(anyOf(allOf(a, anyOf(b, a)), b));
      for (const kek of [b, allOf(a, anyOf(b, a)), allOf(a, b)]) await opens(kek, nested, "inside each other");
    },

    async "a key service is shown the token and no cookies, and one call fetches it for all"() {
      const root = { endpoint: "https://keys.example.com", instance: "i", key: "k", auth: apiKey("key-1") };
      const box = envelock({ kek: keyProtect(root) });
      const seen = [];
      const platform = globalThis.fetch;
      globalThis.fetch = async (url, init) => {
        seen.push({ url, init });
        await new Promise((resolve) => setTimeout(resolve, 5));
        const body = url.endsWith("/identity/token") ? { access_token: "t-1", expires_in: 3600 } : { ciphertext: "abc" };
        return new Response(JSON.stringify(body));
      };
      try {
        await Promise.all(Array.from({ length: 20 }, () => box.seal("x")));
      } finally {
        globalThis.fetch = platform;
      }
      const [identity, ...calls] = seen;
      check(identity.url === "https://keys.example.com/identity/token" && calls.length === 20, `${seen.length} requests`);
      for (const { url, init } of calls) {
        check(url === "https://keys.example.com/api/v2/keys/k/actions/wrap", url);
        check(init.headers.authorization === "Bearer t-1" && init.redirect === "manual", "token, and no redirects");
        check(init.credentials === ("credentials" in Request.prototype ? "omit" : undefined), "no cookies");
      }
    },

    async "what makes no sense is refused with words"() {
      const itself = { kind: "anyOf", keks: [a] };
      itself.keks.push(itself);
      const root = { endpoint: "https://keys.example.com", instance: "i", key: "k", auth: bearer(() => "t") };
      for (const kek of [
        undefined,
        {},
        { kind: "other" },
        anyOf(a),
        allOf(),
        anyOf(a, allOf(a, b)),
        itself,
        { ...a, more: 1 },
        localKek({ name: "", key: KEY }),
        localKek({ name: "a", key: KEY.subarray(1) }),
        localKek({ name: "a", key: {} }),
        keyProtect({ ...root, endpoint: undefined }),
        keyProtect({ ...root, key: "crn:v1:bluemix" }),
        keyProtect({ ...root, aliases: "k2" }),
        keyProtect({ ...root, aliases: ["k/2"] }),
      ]) {
        const error = await fails(envelock({ kek }).seal("x"), "ERR_INVALID_ARGUMENT");
        check(error.fault === "caller" && error.message.length > 10, "says what is wrong");
      }
    },
  };
}
