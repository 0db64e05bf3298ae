/**
 * Finds, in the header of a sealed file, the root key of this key server that it names.
 *
 * *Invariant:* a name in a file is only looked up among the instances of the session; it never becomes an address.
 */

import type { Inspection } from "envelock";
import { ApiError, getKey } from "../../api.js";
import { currentUser } from "../../session.js";
import type { KeyName } from "./protocol.js";

export const KEY_PROTECT_PROVIDER = "envelock-key-protect-v1";

/** Splits provider info of the form `<instance>/<key>`. */
function parseProviderInfo(info: string): KeyName | undefined {
  const slash = info.indexOf("/");
  return slash > 0 && slash < info.length - 1 ? { instance: info.slice(0, slash), key: info.slice(slash + 1) } : undefined;
}

export function ownKey(inspection: Inspection): KeyName | undefined {
  const instances = new Set(currentUser()?.instances.map((one) => one.id));
  return inspection.edks
    .filter((edk) => edk.providerId === KEY_PROTECT_PROVIDER)
    .map((edk) => parseProviderInfo(edk.providerInfo))
    .find((name) => name !== undefined && instances.has(name.instance));
}

/** The key's own name, or `undefined` when this user cannot see such a key. */
export async function displayName(name: KeyName): Promise<string | undefined> {
  try {
    return (await getKey(name.instance, name.key)).name;
  } catch (error) {
    if (error instanceof ApiError && error.status !== 0) return undefined;
    throw error;
  }
}
