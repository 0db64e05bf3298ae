/**
 * OpenPGP.js under a session key at hand: as it comes (AES-256 in CFB mode with a hash), or with AEAD (RFC 9580, AES-256-GCM).
 *
 * *Invariant:* no public key operation is counted against it.
 */

/** Seals and opens under one session key. */
export async function openpgp({ load }, { aead = false } = {}) {
  const library = await load("openpgp");
  const config = aead ? { aeadProtect: true, preferredAEADAlgorithm: library.enums.aead.gcm } : {};
  const data = crypto.getRandomValues(new Uint8Array(32));
  const sessionKey = { data, algorithm: "aes256", ...(aead && { aeadAlgorithm: "gcm" }) };
  return {
    name: aead ? "OpenPGP.js, AEAD" : "OpenPGP.js",
    async seal(data) {
      const message = await library.createMessage({ binary: data });
      return library.encrypt({ message, sessionKey, format: "binary", config });
    },
    async open(binaryMessage) {
      const message = await library.readMessage({ binaryMessage, config });
      return (await library.decrypt({ message, sessionKeys: sessionKey, format: "binary", config })).data;
    },
  };
}
