/**
 * Opens our messages and makes its own, with the AWS Encryption SDK for JavaScript in the tree named by the first argument
 * and the keyring of `docs/keyrings`, which lies in that tree, too.
 */

import { createRequire } from "node:module";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

const require = createRequire(join(process.argv[2], "package.json"));
const { buildClient, CommitmentPolicy, AlgorithmSuiteIdentifier, RawAesKeyringNode, RawAesWrappingSuiteIdentifier } = require("@aws-crypto/client-node");
const { encrypt, decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);
const uncommitted = buildClient(CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT);

const { KeyProtectKeyring } = await import(pathToFileURL(join(process.argv[2], "key-protect.mjs")));

function keyringOf({ namespace, name, key, service }) {
  if (service) return new KeyProtectKeyring({ ...service, getToken: () => service.token });
  return new RawAesKeyringNode({
    keyNamespace: namespace,
    keyName: name,
    unencryptedMasterKey: Uint8Array.from(Buffer.from(key, "base64")),
    wrappingSuite: RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
    // Its default sorts the context by locale, which no other implementation does.
    utf8Sorting: true,
  });
}

/** A message of another suite than ours. */
async function old({ suite, frameLength, plaintext, context, ...kek }) {
  const client = suite === AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY_ECDSA_P384 ? { encrypt } : uncommitted;
  const options = { suiteId: suite, encryptionContext: context, frameLength };
  const { result } = await client.encrypt(keyringOf(kek), Buffer.from(plaintext, "base64"), options);
  return { message: result.toString("base64") };
}

async function run({ message, context, ...kek }) {
  const keyring = keyringOf(kek);
  const { plaintext, messageHeader } = await decrypt(keyring, Buffer.from(message, "base64"));
  for (const [pair, value] of Object.entries(context)) {
    if (messageHeader.encryptionContext[pair] !== value) throw new Error(`context ${pair}`);
  }
  const suiteId = AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY;
  const { result } = await encrypt(keyring, plaintext, { suiteId, encryptionContext: context, frameLength: 100 });
  return { plaintext: plaintext.toString("base64"), message: result.toString("base64") };
}

const answers = [];
for (const input of JSON.parse(await text(process.stdin))) answers.push(await (input.suite === undefined ? run : old)(input));
process.stdout.write(JSON.stringify(answers));
