/**
 * The pairs of an encryption context, for reading.
 *
 * *Invariant:* shows pairs; whether they are authentic is said by who shows them.
 */

import { html, type TemplateResult } from "lit";
import { t } from "../messages/en.js";

export function contextPairs(context: Record<string, string>): TemplateResult {
  const pairs = Object.entries(context);
  if (pairs.length === 0) return html`${t.open.contextNone}`;
  return html`<ul class="pairs">
    ${pairs.map(([name, value]) => html`<li><code>${name} = ${value}</code></li>`)}
  </ul>`;
}
