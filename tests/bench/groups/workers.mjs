/**
 * Two workers of a page, each sealing and opening its own half, against the one call of WebCrypto for all of it.
 *
 * *Invariant:* the workers own their data: handing it over is not part of the time, as it is not with files.
 */

import { oneShot } from "../contenders/webcrypto.mjs";
import { compare } from "../harness.mjs";
import { MIB, ask, noise, sizeName } from "../support.mjs";

const SIZES = [16 * MIB, 64 * MIB];
const QUICK = [2 * MIB];
const AGAINST_ONE_CALL = 3;

export async function run({ worker, quick, effort }) {
  const webcrypto = await oneShot();
  const workers = [worker(), worker()];
  const each = (task) => Promise.all(workers.map((worker) => ask(worker, task)));
  const parts = [];
  for (const size of quick ? QUICK : SIZES) {
    const data = noise(size);
    const sealed = await webcrypto.seal(data);
    await each({ prepare: size / workers.length });
    for (const [verb, input] of Object.entries({ seal: data, open: sealed })) {
      const race = await compare(
        [
          { name: "envelock, streams", run: () => each({ stream: verb }) },
          { name: "envelock, whole messages", run: () => each({ whole: verb }) },
          { name: webcrypto.name, run: () => webcrypto[verb](input) },
        ],
        effort,
      );
      race[2].atLeast = AGAINST_ONE_CALL;
      parts.push({ title: `${verb} ${sizeName(size)} in two workers`, bytes: size, race });
    }
  }
  workers.forEach((worker) => worker.terminate());
  return parts;
}
