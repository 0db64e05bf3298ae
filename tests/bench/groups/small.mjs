/**
 * Small messages by the thousand: the data key is at hand, so that only the message itself is paid for.
 *
 * *Invariant:* a peer that can keep a key is measured keeping it.
 */

import { age } from "../contenders/age.mjs";
import { aws } from "../contenders/aws.mjs";
import { cached, sync } from "../contenders/envelock.mjs";
import { openpgp } from "../contenders/openpgp.mjs";
import { oneShot } from "../contenders/webcrypto.mjs";
import { against, sealAndOpen } from "../sealing.mjs";

const SIZES = [64, 1024];
const AGAINST_AWS = { seal: 30 };
const AGAINST_AGE = { seal: 10 };
const AGAINST_OPENPGP = { seal: 1 };
/** `dataKey().sealSync` against the one call of WebCrypto, by place. */
const SYNC_AGAINST_WEBCRYPTO = { Node: { seal: 10 }, Chromium: { seal: 2 } };

export async function run(place) {
  const { name, load, effort } = place;
  const ours = await load("envelock");
  const webcrypto = await oneShot();
  const awaited = [
    cached(ours),
    webcrypto,
    await aws(place, { cached: true }),
    against(await aws(place, { cached: true, signed: true }), AGAINST_AWS),
    against(await age(place), AGAINST_AGE),
    against(await openpgp(place), AGAINST_OPENPGP),
    await openpgp(place, { aead: true }),
  ];
  const hot = [await sync(ours), against(webcrypto, SYNC_AGAINST_WEBCRYPTO[name])];
  const parts = [];
  for (const size of SIZES) {
    parts.push(...(await sealAndOpen(awaited, size, effort, ", data key at hand")));
    parts.push(...(await sealAndOpen(hot, size, effort, ", hot loop")));
  }
  return parts;
}
