/**
 * A value with a button that copies it.
 *
 * *Invariant:* copies only what is in plain sight or named by the button.
 */

import "@carbon/web-components/es/components/copy-button/index.js";
import { html, type TemplateResult } from "lit";
import { t } from "../messages/en.js";
import { announce } from "./view.js";

async function copy(value: string): Promise<void> {
  await navigator.clipboard.writeText(value);
  announce(t.app.copied);
}

export function copyButton(value: string, label: string): TemplateResult {
  return html`<cds-copy-button align="left" feedback=${t.app.copied} @click=${() => copy(value)}>
    <span slot="tooltip-content">${label}</span>
  </cds-copy-button>`;
}

export function copyValue(value: string, what: string): TemplateResult {
  return html`<span class="copy-value"><code>${value}</code>${copyButton(value, t.app.copyWhat(what))}</span>`;
}
