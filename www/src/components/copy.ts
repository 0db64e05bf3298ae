/**
 * A value with a button that copies it.
 *
 * *Invariant:* copies only what is in plain sight or named by the button.
 */

import "@carbon/web-components/es/components/copy-button/index.js";
import type CDSCopyButton from "@carbon/web-components/es/components/copy-button/copy-button.js";
import { html, type TemplateResult } from "lit";
import { t } from "../messages/en.js";
import { announce } from "./view.js";

async function copy(value: string, button: CDSCopyButton): Promise<void> {
  // The button shows its feedback on every click, whatever comes of it.
  button.feedback = t.app.copying;
  try {
    await navigator.clipboard.writeText(value);
    button.feedback = t.app.copied;
  } catch {
    // Refused by the browser or its user, or absent because the page is not a secure context.
    button.feedback = t.app.notCopied;
  }
  announce(button.feedback);
}

export function copyButton(value: string, label: string): TemplateResult {
  return html`<cds-copy-button align="left" feedback=${t.app.copying} @click=${(event: Event) => copy(value, event.currentTarget as CDSCopyButton)}>
    <span slot="tooltip-content">${label}</span>
  </cds-copy-button>`;
}

export function copyValue(value: string, what: string): TemplateResult {
  return html`<span class="copy-value"><code>${value}</code>${copyButton(value, t.app.copyWhat(what))}</span>`;
}
