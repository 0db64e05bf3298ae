/**
 * The field for key material: says while one types whether it can be used, and forgets it on request.
 *
 * *Invariant:* the material stays in this element until `take` empties it; it is never stored or logged.
 */

import "@carbon/web-components/es/components/text-input/index.js";
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { readMaterial, type Material } from "../material.js";
import { t } from "../messages/en.js";
import { icon } from "./icon.js";
import { View } from "./view.js";

@customElement("ev-material-input")
export class MaterialInput extends View {
  @property({ type: Boolean }) disabled = false;
  @state() private reading: Material = { ok: false, fault: "empty" };
  @state() private touched = false;
  @query("cds-text-input") private readonly input!: HTMLElement & { value: string };

  /** The material if it can be used, and the field is empty afterwards; else `undefined`, and the fault is shown. */
  take(): string | undefined {
    this.touched = true;
    if (!this.reading.ok) {
      this.input.focus();
      return undefined;
    }
    const value = this.input.value.trim();
    this.clear();
    return value;
  }

  clear(): void {
    this.input.value = "";
    this.reading = { ok: false, fault: "empty" };
    this.touched = false;
  }

  override disconnectedCallback(): void {
    if (this.hasUpdated) this.clear();
    super.disconnectedCallback();
  }

  override render(): TemplateResult {
    const fault = this.touched && !this.reading.ok ? faultText(this.reading) : "";
    return html`
      <div class="field">
        <cds-text-input
          type="password"
          show-password-visibility-toggle
          show-password-label=${t.material.show}
          hide-password-label=${t.material.hide}
          label=${t.material.label}
          helper-text=${t.material.help}
          autocomplete="off"
          name="material"
          ?disabled=${this.disabled}
          ?invalid=${fault !== ""}
          invalid-text=${fault}
          @input=${this.change}
        ></cds-text-input>
        <p class="field__ok" aria-live="polite">${this.reading.ok ? html`${icon("done")} ${t.material.ok(this.reading.bits)}` : nothing}</p>
      </div>
    `;
  }

  private change(): void {
    this.reading = readMaterial(this.input.value);
    this.touched = this.input.value !== "";
  }
}

function faultText(material: Exclude<Material, { ok: true }>): string {
  switch (material.fault) {
    case "empty":
      return t.material.empty;
    case "whitespace":
      return t.material.whitespace;
    case "url-alphabet":
      return t.material.urlAlphabet;
    case "padding-inside":
      return t.material.paddingInside;
    case "not-canonical":
      return t.material.notCanonical;
    case "bad-character":
      return t.material.badCharacter(material.character, material.position);
    case "padding":
      return `${t.material.counting(material.bytes)} ${t.material.padding(material.missing)}`;
    case "length":
      return t.material.length(material.bytes);
  }
}
