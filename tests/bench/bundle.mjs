/**
 * Bundles this package and the peers for a browser with esbuild, minified.
 *
 * *Invariant:* a peer's bundle holds what sealing and opening need and no more, ours holds everything there is.
 */

import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));

/** What is bundled: from which package, which names, and which file stands in for globals of Node. */
const BUNDLES = {
  envelock: { from: "envelock", names: "*" },
  age: { from: "age-encryption", names: "{ Encrypter, Decrypter, generateX25519Identity, identityToRecipient }" },
  aws: {
    from: "@aws-crypto/client-browser",
    // The suite, the keyring and the cache that contenders/aws.mjs uses.
    names:
      "{ buildClient, CommitmentPolicy, AlgorithmSuiteIdentifier, RawAesKeyringWebCrypto, RawAesWrappingSuiteIdentifier, WebCryptoCachingMaterialsManager, getLocalCryptographicMaterialsCache }",
    inject: [join(here, "buffer.mjs")],
  },
  openpgp: { from: "openpgp", names: "{ createMessage, readMessage, encrypt, decrypt, enums }" },
  libsodium: { from: "libsodium-wrappers", names: "*" },
};

/** Writes one file per bundle into `folder`; returns their contents by name. `tree` has the peers and esbuild. */
export async function bundles(tree, folder) {
  const { build } = createRequire(join(tree, "package.json"))("esbuild");
  const made = {};
  for (const [name, { from, names, inject }] of Object.entries(BUNDLES)) {
    const outfile = join(folder, `${name}.js`);
    const stdin = { contents: `export ${names} from "${from}";`, resolveDir: from === "envelock" ? here : tree };
    const browser = { bundle: true, minify: true, format: "esm", platform: "browser", nodePaths: [join(tree, "node_modules")] };
    await build({ stdin, outfile, inject, ...browser, logLevel: "warning" });
    made[name] = await readFile(outfile);
  }
  return made;
}
