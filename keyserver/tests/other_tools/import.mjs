// Encrypts key material for an import token with Node's own crypto: public key (base64 of a PEM text), nonce and material
// (both base64) in, the fields of a secure import out.
import { constants, createCipheriv, publicEncrypt, randomBytes } from "node:crypto";

const [payload, nonce, material] = process.argv.slice(2).map((text) => Buffer.from(text, "base64"));
const iv = randomBytes(12);
const cipher = createCipheriv(`aes-${material.length * 8}-gcm`, material, iv);
const encryptedNonce = Buffer.concat([cipher.update(nonce), cipher.final(), cipher.getAuthTag()]);
const wrapped = publicEncrypt(
  { key: payload.toString("utf8"), padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" },
  material,
);
console.log(
  JSON.stringify({
    payload: wrapped.toString("base64"),
    encryptedNonce: encryptedNonce.toString("base64"),
    iv: iv.toString("base64"),
    encryptionAlgorithm: "RSAES_OAEP_SHA_256",
  }),
);
