/**
 * Who is signed in, and which instance the screens work in.
 *
 * *Invariant:* holds no credential; the cookie is the browser's and the access token is `api.ts`'s.
 */

import type { Instance, Session } from "./api.js";

type Listener = () => void;

let session: Session | undefined;
let chosen: string | undefined;
const listeners = new Set<Listener>();

export const currentUser = (): Session | undefined => session;

export function instance(): Instance {
  const found = session?.instances.find((one) => one.id === chosen) ?? session?.instances[0];
  if (!found) throw new Error("no instance: screens are shown to a signed-in user only");
  return found;
}

export function enter(next: Session): void {
  session = next;
  notify();
}

export function leave(): void {
  if (session === undefined) return;
  session = undefined;
  chosen = undefined;
  notify();
}

export function chooseInstance(id: string): void {
  chosen = id;
  notify();
}

export function onSessionChange(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function notify(): void {
  for (const listener of listeners) listener();
}
