/**
 * Editor of the name-value pairs of an encryption context.
 *
 * *Invariant:* hands over only pairs that are complete and unambiguous.
 */

import "@carbon/web-components/es/components/button/index.js";
import "@carbon/web-components/es/components/text-input/index.js";
import { html, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { t } from "../messages/en.js";
import { icon } from "./icon.js";
import { View } from "./view.js";

interface Row {
  id: number;
  name: string;
  value: string;
}

const RESERVED = "aws-crypto-";

@customElement("ev-context-rows")
export class ContextRows extends View {
  @property() label = "";
  @property() help = "";
  @property({ type: Boolean }) disabled = false;
  @state() private rows: Row[] = [];
  @state() private checked = false;
  private nextId = 1;

  /** The pairs, or `undefined` while one of them is wrong; the fault is then shown. */
  read(): Record<string, string> | undefined {
    this.checked = true;
    if (this.rows.some((row) => this.fault(row) !== "")) return undefined;
    return Object.fromEntries(this.rows.map((row) => [row.name, row.value]));
  }

  private fault(row: Row): string {
    if (row.name === "") return t.seal.contextEmptyName;
    if (row.name.startsWith(RESERVED)) return t.seal.contextReserved;
    return this.rows.some((other) => other.id < row.id && other.name === row.name) ? t.seal.contextTwice(row.name) : "";
  }

  override render(): TemplateResult {
    return html`
      <fieldset class="field context">
        <legend class="field__label">${this.label}</legend>
        <p class="field__help">${this.help}</p>
        ${repeat(this.rows, (row) => row.id, (row, index) => this.row(row, index + 1))}
        <cds-button kind="ghost" size="sm" type="button" ?disabled=${this.disabled} @click=${this.add}>${t.seal.contextAdd}${icon("add", "icon")}</cds-button>
      </fieldset>
    `;
  }

  private row(row: Row, n: number): TemplateResult {
    const fault = this.checked ? this.fault(row) : "";
    return html`
      <div class="context__row" data-row=${row.id}>
        <cds-text-input size="md" label=${t.seal.contextName(n)} .value=${row.name} ?disabled=${this.disabled} ?invalid=${fault !== ""} invalid-text=${fault}
          autocomplete="off" @input=${(event: Event) => this.change(row, "name", event)}></cds-text-input>
        <cds-text-input size="md" label=${t.seal.contextValue(n)} .value=${row.value} ?disabled=${this.disabled}
          autocomplete="off" @input=${(event: Event) => this.change(row, "value", event)}></cds-text-input>
        <cds-button kind="ghost" size="md" type="button" tooltip-text=${t.seal.contextRemove(n)} tooltip-position="left" ?disabled=${this.disabled}
          @click=${() => this.drop(row)}>${icon("close", "icon")}</cds-button>
      </div>
    `;
  }

  private change(row: Row, field: "name" | "value", event: Event): void {
    row[field] = (event.target as HTMLInputElement).value;
    this.requestUpdate();
  }

  private async add(): Promise<void> {
    const id = this.nextId++;
    this.rows = [...this.rows, { id, name: "", value: "" }];
    this.checked = false;
    await this.updateComplete;
    const input = this.querySelector<HTMLElement & { updateComplete: Promise<unknown> }>(`[data-row="${id}"] cds-text-input`);
    await input?.updateComplete;
    input?.focus();
  }

  private drop(row: Row): void {
    this.rows = this.rows.filter((other) => other.id !== row.id);
    this.querySelector<HTMLElement>(":scope > fieldset > cds-button")?.focus();
  }
}
