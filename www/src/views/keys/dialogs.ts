/**
 * The questions asked before a key is changed.
 *
 * *Invariant:* asks and hands over the answer; the screen that opened the dialog acts on it.
 */

import "@carbon/web-components/es/components/button/index.js";
import "@carbon/web-components/es/components/text-input/index.js";
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import type { RootKey } from "../../api.js";
import "../../components/dialog.js";
import { submitOnEnter } from "../../components/form.js";
import type { MaterialInput } from "../../components/material-input.js";
import "../../components/material-input.js";
import { problemNotice } from "../../components/notice.js";
import { View } from "../../components/view.js";
import { t } from "../../messages/en.js";
import type { Problem } from "../../problem.js";

export type Question = "rotate" | "disable" | "remove";

const WORDS = {
  rotate: { ...t.rotateDialog, kind: "primary" },
  disable: { ...t.disableDialog, kind: "primary" },
  remove: { ...t.deleteDialog, kind: "danger" },
} as const;

@customElement("ev-key-question")
export class KeyQuestion extends View {
  @property({ attribute: false }) key!: RootKey;
  @property() question: Question = "rotate";
  @property({ type: Boolean }) working = false;
  @property({ attribute: false }) problem: Problem | undefined;
  @state() private typed = "";
  @state() private checked = false;
  @query("ev-material-input") private readonly material!: MaterialInput | null;

  private answer(event: Event): void {
    event.preventDefault();
    if (this.working) return;
    this.checked = true;
    if (this.question === "remove" && this.typed !== this.key.name) {
      this.querySelector<HTMLElement>('cds-text-input[name="confirm"]')?.focus();
      return;
    }
    const payload = this.material?.take();
    if (this.material && payload === undefined) return;
    this.dispatchEvent(new CustomEvent<string | undefined>("ev-answer", { detail: payload }));
  }

  private cancel(): void {
    this.dispatchEvent(new CustomEvent("ev-cancel"));
  }

  override render(): TemplateResult {
    const words = WORDS[this.question];
    return html`
      <ev-dialog heading=${words.title(this.key.name)} ?busy=${this.working} @ev-cancel=${this.cancel}>
        <form novalidate @submit=${this.answer} @keydown=${submitOnEnter}>
          ${this.question === "rotate" ? this.rotate() : this.question === "disable" ? html`<p>${t.disableDialog.text}</p>` : this.removal()}
          ${problemNotice(this.problem)}
        </form>
        <cds-button slot="action" kind="secondary" type="button" ?disabled=${this.working} @click=${this.cancel}>${t.app.cancel}</cds-button>
        <cds-button slot="action" kind=${words.kind} type="button" ?disabled=${this.working} @click=${this.answer}>${this.working ? words.working : words.submit}</cds-button>
      </ev-dialog>
    `;
  }

  private rotate(): TemplateResult {
    return html`
      <p>${t.rotateDialog.text}</p>
      <p>${t.rotateDialog.again}</p>
      ${this.key.imported ? html`<p>${t.rotateDialog.importedText}</p><ev-material-input ?disabled=${this.working}></ev-material-input>` : nothing}
    `;
  }

  private removal(): TemplateResult {
    const wrong = this.checked && this.typed !== this.key.name;
    return html`
      <p>${t.deleteDialog.lead}</p>
      <ul class="bullets">
        ${t.deleteDialog.points.map((point) => html`<li>${point}</li>`)}
      </ul>
      <cds-text-input name="confirm" label=${t.deleteDialog.confirm(this.key.name)} autocomplete="off" ?disabled=${this.working}
        ?invalid=${wrong} invalid-text=${t.deleteDialog.mismatch}
        @input=${(event: Event) => (this.typed = (event.target as HTMLInputElement).value)}></cds-text-input>
    `;
  }
}
