/**
 * Seals and opens in memory, from 64 bytes to 64 MiB: each engine of this package, the platform's own cipher, and the peers.
 *
 * *Invariant:* every message has a data key of its own.
 */

import { age } from "../contenders/age.mjs";
import { aws } from "../contenders/aws.mjs";
import { fresh } from "../contenders/envelock.mjs";
import { openpgp } from "../contenders/openpgp.mjs";
import { frames, oneShot } from "../contenders/webcrypto.mjs";
import { against, sealAndOpen } from "../sealing.mjs";
import { KIB, MIB } from "../support.mjs";

const SIZES = [64, KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB, 16 * MIB, 64 * MIB];
const QUICK = [64, 64 * KIB, MIB];

/** The engine that is chosen may be this far behind the other one. */
const AGAINST_ENGINES = both(1 / 1.1);
/** By place and size. */
const AGAINST_ONE_CALL = {
  Node: { [16 * MIB]: { seal: 1.4 }, [64 * MIB]: { seal: 3 } },
  Chromium: { [16 * MIB]: both(1.9), [64 * MIB]: both(1.9) },
};
/** Where messages are large, and by how much. */
const BULK = 16 * MIB;
const AGAINST_PEERS = both(10);

/** Chromium's WebCrypto falls to half speed above about 944 KiB. */
const FRAME = { Node: MIB, Chromium: 512 * KIB };

function both(times) {
  return { seal: times, open: times };
}

export async function run(place) {
  const { name, load, quick, effort } = place;
  const ours = await load("envelock");
  const engines = [fresh(ours), fresh(ours, { engine: "wasm" }), fresh(ours, { engine: "webcrypto" })];
  const platform = [await oneShot()];
  for (const joined of [false, true]) platform.push(await frames({ length: FRAME[name], joined }));
  const others = [await aws(place), await age(place), await openpgp(place)];
  const gcm = await openpgp(place, { aead: true });

  const parts = [];
  for (const size of quick ? QUICK : SIZES) {
    const [auto, ...forced] = engines;
    const [oneCall, ...framed] = platform;
    const contenders = [
      auto,
      ...forced.map((engine) => against(engine, AGAINST_ENGINES)),
      against(oneCall, AGAINST_ONE_CALL[name]?.[size]),
      ...framed,
      ...others.map((other) => against(other, size >= BULK ? AGAINST_PEERS : undefined)),
      gcm,
    ];
    parts.push(...(await sealAndOpen(contenders, size, effort)));
  }
  return parts;
}
