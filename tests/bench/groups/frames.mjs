/**
 * Compares frame lengths of new messages: which one the WebCrypto engine is fastest with.
 *
 * *Invariant:* whole messages, raced against each other; the first length is the one the others are compared with.
 */

import { client } from "../contenders/envelock.mjs";
import { sealAndOpen } from "../sealing.mjs";
import { KIB, MIB, sizeName } from "../support.mjs";

const LENGTHS = [256 * KIB, 64 * KIB, 128 * KIB, 512 * KIB, MIB];
const SIZES = [MIB, 16 * MIB, 64 * MIB];
const QUICK = [4 * MIB];

export async function run({ load, quick, effort }) {
  const ours = await load("envelock");
  const contenders = LENGTHS.map((frameLength) => {
    const box = client(ours, { engine: "webcrypto", frameLength });
    return { name: `frames of ${sizeName(frameLength)}`, seal: (data) => box.seal(data), open: (message) => box.open(message) };
  });
  const parts = [];
  for (const size of quick ? QUICK : SIZES) parts.push(...(await sealAndOpen(contenders, size, effort, " by frame length")));
  return parts;
}
