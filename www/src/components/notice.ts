/**
 * Boxes that tell: a failure with its code and request id, or a fact with a title.
 *
 * *Invariant:* shows what it is given; it fetches nothing and decides nothing.
 */

import { html, nothing, type TemplateResult } from "lit";
import { t } from "../messages/en.js";
import type { Problem } from "../problem.js";
import { icon, type IconName } from "./icon.js";

export type Tone = "info" | "success" | "warning" | "error";

const TONE_ICON: Record<Tone, IconName> = { info: "info", success: "done", warning: "warning", error: "error" };

export function notice(tone: Tone, title: string, body: unknown): TemplateResult {
  return html`
    <div class="notice notice--${tone}">
      ${icon(TONE_ICON[tone])}
      <div class="notice__body">
        <p class="notice__title">${title}</p>
        <div class="notice__text">${body}</div>
      </div>
    </div>
  `;
}

/** A failure in words, read out at once, with what a support person needs. */
export function problemNotice(problem: Problem | undefined): TemplateResult {
  // The live region stays in the page while empty, so that filling it is announced.
  return html`<div role="alert" class="problem-slot">
    ${problem
      ? notice(
          "error",
          problem.title,
          html`
            <p>${problem.text}</p>
            <dl class="notice__ids">
              <div><dt>${t.app.code}</dt><dd><code data-testid="problem-code">${problem.code}</code></dd></div>
              ${problem.requestId
                ? html`<div><dt>${t.app.requestId}</dt><dd><code data-testid="request-id">${problem.requestId}</code></dd></div>`
                : nothing}
            </dl>
          `,
        )
      : nothing}
  </div>`;
}
