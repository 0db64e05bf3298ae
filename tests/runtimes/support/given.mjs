/**
 * Loaded before an example of the documentation that goes on from others: makes what it has from there, by the names in GIVEN.
 *
 * *Invariant:* an example sees no name that its own marker does not list.
 */

import { writeFile } from "node:fs/promises";
import { apiKey, envelock, keyProtect } from "envelock";

const { API_KEY, CRN, ENDPOINT, GIVEN, INSTANCE, KEY, SITE } = process.env;
const { fetch } = globalThis;
/** As in a page of the site: relative addresses are its own. */
const inPage = (where, ...rest) => fetch(typeof where === "string" ? new URL(where, SITE) : where, ...rest);
const context = { tenant: "t-7" };
const auth = apiKey(API_KEY);
const kek = keyProtect({ endpoint: ENDPOINT, instance: INSTANCE, key: KEY, auth });
const box = envelock({ kek });
const file = new File([new Uint8Array(1_000_000).fill(7)], "report.pdf");

/** "from the archive", as @aws-crypto/client-node 5.0.2 seals it with its default suite, which signs. */
const OLD_MESSAGE = "AgV4csjfWgrtal4kHUrjQTEtCzv/hcTldYDpr9wU+D4CSCoAXwABABVhd3MtY3J5cHRvLXB1YmxpYy1rZXkAREFyYUxNZCtuS0RWVzVNcjNjREcrcmlxTStJTXlvTmx6QnZnY2JtOWVENFZFWVB1SGcreVp6aHlLUUplSTB2bzB6Zz09AAEAB2FyY2hpdmUAGDIwMTkAAACAAAAADAaHmejOB7NdvA1RcAAwbdW5X5W1ewAC45zMuXDKMgjxq+8350dEukgATvc9j5Y+rhxuJsrNuI3uxw22mCJoAgAAEAATgMyKew2vpw3JJ0LvZpQsFYGtzikjW7tlp+FCttBpyV+LKTSrUe/GbihSljWIg9b/////AAAAAQAAAAAAAAAAAAAAAQAAABArH/Uw7RStvefjWOmFbTAuLSOGngR8iB25Dj0DHEPXWwBnMGUCMQDf4rgBOecWxO4cabjJxyJhAHkOaQQflwFgNwsH8uc1D+zJXdf5KLoEYvzriUnNuSQCMG8M1c2wQ+ol+aZxoLGcl6sPsXJ2/hmsLBFqxsQqKYXh9/D2A5zxzYAvHjYvjwWKOQ==";

const MADE = {
  API_KEY,
  ENDPOINT,
  INSTANCE,
  KEY,
  CRN,
  auth,
  kek,
  box,
  context,
  file,
  fetch: inPage,
  spare: new Uint8Array(32).fill(1),
  oldKey: new Uint8Array(32).fill(2),
  oldMessage: Buffer.from(OLD_MESSAGE, "base64"),
  rotate: () => inPage("/rotate", { method: "POST" }),
  get response() {
    return new Response(box.sealStream(file, { context }));
  },
};

for (const name of GIVEN.split(" ").filter(Boolean)) {
  if (!(name in MADE)) throw new Error(`an example asks for \`${name}\`, and nothing of that name is made here`);
  globalThis[name] = MADE[name];
}
await writeFile("report.pdf", file.stream());
