// Import tokens: key material that travels encrypted, when a key is made and when it is rotated. In one language only, as an
// instance has one token at a time.
import assert from "node:assert/strict";
import { constants, createCipheriv, publicEncrypt, randomBytes } from "node:crypto";
import { bluemixInstance, clients, createKey, refused } from "./clients.mjs";

const { kp } = clients();

await refused(404, "IMPORT_TOKEN_NOT_FOUND_ERR", kp.getImportToken({ bluemixInstance }));
const terms = { expiration: 1200, maxAllowedRetrievals: 2 };
const made = await kp.postImportToken({ bluemixInstance, ...terms });
assert.equal(made.status, 200);
assert.equal(made.result.remainingRetrievals, 2);
assert.equal(Date.parse(made.result.expirationDate) - Date.parse(made.result.creationDate), 1_200_000);

const token = (await kp.getImportToken({ bluemixInstance })).result;
assert.equal(token.remainingRetrievals, 1);
const publicKey = Buffer.from(token.payload, "base64").toString("utf8");
const nonce = Buffer.from(token.nonce, "base64");

function encrypted(material) {
  const iv = randomBytes(12);
  const cipher = createCipheriv(`aes-${material.length * 8}-gcm`, material, iv);
  const encryptedNonce = Buffer.concat([cipher.update(nonce), cipher.final(), cipher.getAuthTag()]);
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  return {
    payload: publicEncrypt({ key: publicKey, padding, oaepHash: "sha256" }, material).toString("base64"),
    encryptionAlgorithm: "RSAES_OAEP_SHA_256",
    encryptedNonce: encryptedNonce.toString("base64"),
    iv: iv.toString("base64"),
  };
}

// What a key imported with the token wraps, one with the same material in the clear opens.
for (const bytes of [16, 24, 32]) {
  const [first, second] = [randomBytes(bytes), randomBytes(bytes)];
  const key = await createKey({ name: "imported", ...encrypted(first) });
  assert.equal(key.imported, true);
  const rotated = await kp.rotateKey({ bluemixInstance, id: key.id, keyActionRotateBody: encrypted(second) });
  assert.equal(rotated.status, 204);
  const drawn = (await kp.wrapKey({ bluemixInstance, id: key.id })).result;
  const plain = await createKey({ name: "the same", payload: second.toString("base64") });
  const keyActionUnwrapBody = { ciphertext: drawn.ciphertext };
  const opened = (await kp.unwrapKey({ bluemixInstance, id: plain.id, keyActionUnwrapBody })).result;
  assert.equal(opened.plaintext, drawn.plaintext);
}

// Neither another nonce nor a changed one goes through, and a retrieved token runs out.
const wrong = { ...encrypted(randomBytes(32)), iv: randomBytes(12).toString("base64") };
await refused(400, "INCORRECT_NONCE_IV_ERR", createKey({ name: "wrong", ...wrong }));
await kp.getImportToken({ bluemixInstance });
await refused(409, "IMPORT_TOKEN_EXPIRED_ERR", kp.getImportToken({ bluemixInstance }));
