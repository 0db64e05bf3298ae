/**
 * The AWS Encryption SDK for JavaScript, for Node or for browsers, with its raw AES keyring.
 *
 * *Invariant:* it writes the suite that this package writes; its default suite, which signs as well, is named where it is used.
 */

const NAME = { keyNamespace: "bench", keyName: "kek" };
const KEY = Uint8Array.from({ length: 32 }, (_, at) => at);

/** Seals and opens with the caching materials manager or without; `signed` takes the SDK's default suite. */
export async function aws({ load }, { cached = false, signed = false } = {}) {
  const sdk = await load("aws");
  const keyring = await rawAesKeyring(sdk);
  const materials = cached ? caching(sdk, keyring) : keyring;
  const { encrypt, decrypt } = sdk.buildClient(sdk.CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);
  const suites = sdk.AlgorithmSuiteIdentifier;
  const suiteId = signed ? suites.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY_ECDSA_P384 : suites.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY;
  return {
    name: `AWS SDK${signed ? ", signed (its default)" : ""}${cached ? ", data key cached" : ""}`,
    seal: async (data) => (await encrypt(materials, data, { suiteId, plaintextLength: data.length })).result,
    open: async (message) => (await decrypt(materials, message)).plaintext,
  };
}

async function rawAesKeyring(sdk) {
  const wrappingSuite = sdk.RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING;
  if (sdk.RawAesKeyringNode) return new sdk.RawAesKeyringNode({ ...NAME, unencryptedMasterKey: KEY, wrappingSuite });
  const masterKey = await sdk.RawAesKeyringWebCrypto.importCryptoKey(KEY, wrappingSuite);
  return new sdk.RawAesKeyringWebCrypto({ ...NAME, masterKey, wrappingSuite });
}

function caching(sdk, backingMaterials) {
  const Manager = sdk.NodeCachingMaterialsManager ?? sdk.WebCryptoCachingMaterialsManager;
  const cache = sdk.getLocalCryptographicMaterialsCache(1000);
  return new Manager({ backingMaterials, cache, maxAge: 3_600_000, maxBytesEncrypted: 2 ** 50, maxMessagesEncrypted: 2 ** 31 });
}
