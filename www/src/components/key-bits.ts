/**
 * Small pieces that show a root key's state and origin.
 *
 * *Invariant:* shows a key; changes none.
 */

import "@carbon/web-components/es/components/tag/index.js";
import { html, type TemplateResult } from "lit";
import { State, type RootKey } from "../api.js";
import { t } from "../messages/en.js";

const COLOUR: Record<number, string> = { [State.active]: "green", [State.disabled]: "warm-gray", [State.expired]: "purple", [State.deleted]: "red" };

export function stateTag(key: RootKey): TemplateResult {
  return html`<cds-tag size="md" type=${COLOUR[key.state] ?? "gray"} data-state=${key.state}>${t.keys.states[key.state] ?? t.keys.stateUnknown(key.state)}</cds-tag>`;
}

export function originTag(key: RootKey): TemplateResult {
  return key.imported ? html`<cds-tag size="md" type="blue">${t.keys.imported}</cds-tag>` : html`<span>${t.keys.generated}</span>`;
}
