/**
 * A page's side of a group, or of one case of a group.
 *
 * *Invariant:* knows how things are found here, and nothing of what is measured.
 */

import { HASTY, THOROUGH } from "../harness.mjs";

const LOADED = {
  envelock: () => import("/bundles/envelock.js"),
  aws: () => import("/bundles/aws.js"),
  age: () => import("/bundles/age.js"),
  openpgp: () => import("/bundles/openpgp.js"),
};

export async function run({ group, case: name, quick }) {
  const [file] = document.querySelector("input").files;
  const worker = () => new Worker("/bench/places/worker.mjs", { type: "module" });
  const place = { name: "Chromium", load: (name) => LOADED[name](), worker, file, quick, effort: quick ? HASTY : THOROUGH };
  const { run, cases } = await import(`../groups/${group}.mjs`);
  return name === undefined ? run(place) : cases[name](place);
}
