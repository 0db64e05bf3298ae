/**
 * What Node has as a global and a page has not: esbuild puts it into the bundles that ask for it.
 *
 * *Invariant:* a bundle that does not ask for it does not contain it.
 */

export { Buffer } from "buffer";
