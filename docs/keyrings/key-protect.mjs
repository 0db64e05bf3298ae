/** A keyring for @aws-crypto/client-node whose data keys are wrapped by a Key Protect service, as envelock has them. */

import { createHash } from "node:crypto";
import { EncryptedDataKey, KeyringNode, KeyringTraceFlag, unwrapDataKey } from "@aws-crypto/material-management-node";
import { serializeFactory } from "@aws-crypto/serialize";

const providerId = "envelock-key-protect-v1";
// The SDK's default sorts the context by locale, which no other implementation does.
const { serializeEncryptionContext } = serializeFactory((text) => Buffer.from(text, "utf8"), { utf8Sorting: true });

export class KeyProtectKeyring extends KeyringNode {
  /** `getToken` gives an access token for the service at `endpoint`; `key` is an id or alias in `instance`. */
  constructor({ endpoint, instance, key, getToken }) {
    super();
    Object.assign(this, { endpoint, instance, key, getToken, info: `${instance}/${key}` });
  }

  async call(action, body, context) {
    const aad = createHash("sha256").update(serializeEncryptionContext(context).subarray(2)).digest("hex");
    const headers = { authorization: `Bearer ${await this.getToken()}`, "bluemix-instance": this.instance };
    const request = { method: "POST", headers, body: JSON.stringify({ ...body, aad: [aad] }) };
    const answer = await fetch(`${this.endpoint}/api/v2/keys/${this.key}/actions/${action}`, request);
    if (!answer.ok) throw new Error(`${action}: ${answer.status}`);
    return answer.json();
  }

  trace(flags) {
    return { keyNamespace: providerId, keyName: this.info, flags };
  }

  async _onEncrypt(material) {
    if (!material.hasUnencryptedDataKey) {
      material.setUnencryptedDataKey(crypto.getRandomValues(new Uint8Array(material.suite.keyLengthBytes)), this.trace(KeyringTraceFlag.WRAPPING_KEY_GENERATED_DATA_KEY));
    }
    const plaintext = Buffer.from(unwrapDataKey(material.getUnencryptedDataKey())).toString("base64");
    const { ciphertext } = await this.call("wrap", { plaintext }, material.encryptionContext);
    const edk = new EncryptedDataKey({ providerId, providerInfo: this.info, encryptedDataKey: Buffer.from(ciphertext) });
    return material.addEncryptedDataKey(edk, KeyringTraceFlag.WRAPPING_KEY_ENCRYPTED_DATA_KEY);
  }

  async _onDecrypt(material, edks) {
    const edk = edks.find((entry) => entry.providerId === providerId && entry.providerInfo === this.info);
    if (edk === undefined) return material;
    const ciphertext = Buffer.from(edk.encryptedDataKey).toString("ascii");
    const { plaintext } = await this.call("unwrap", { ciphertext }, material.encryptionContext);
    return material.setUnencryptedDataKey(Uint8Array.from(Buffer.from(plaintext, "base64")), this.trace(KeyringTraceFlag.WRAPPING_KEY_DECRYPTED_DATA_KEY));
  }
}
