/**
 * What forms share: names of keys, and sending by the Enter key.
 *
 * *Invariant:* judges what was typed; sends nothing.
 */

import { t } from "../messages/en.js";

export const NAME_LIMIT = 90;
const DESCRIPTION_LIMIT = 240;

/** What is wrong with a key's name; empty when nothing is. */
export function nameFault(name: string): string {
  const length = [...name].length;
  if (length < 2) return t.form.nameShort;
  if (length > NAME_LIMIT) return t.form.nameLong(length);
  if (name !== name.trim()) return t.form.nameSpace;
  return /^\S+@\S+\.\S+$/.test(name) ? t.form.namePersonal : "";
}

export function descriptionFault(text: string): string {
  const length = [...text].length;
  return length === 0 || (length >= 2 && length <= DESCRIPTION_LIMIT) ? "" : t.form.descriptionWrong(length);
}

/** A field inside a shadow root does not submit its form by itself; a button in there must keep its own Enter. */
export function submitOnEnter(event: KeyboardEvent): void {
  if (event.key !== "Enter" || !(event.composedPath()[0] instanceof HTMLInputElement)) return;
  event.preventDefault();
  (event.currentTarget as HTMLElement).closest("form")?.requestSubmit();
}
