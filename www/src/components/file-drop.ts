/**
 * A place to drop one file on, or to choose one.
 *
 * *Invariant:* hands over the file object and reads none of it.
 */

import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { showSize } from "../format.js";
import { t } from "../messages/en.js";
import { icon } from "./icon.js";
import { View } from "./view.js";

@customElement("ev-file-drop")
export class FileDrop extends View {
  @property() label = "";
  @property() heading = "";
  @property({ attribute: false }) file: File | undefined;
  @property({ type: Boolean }) disabled = false;
  @property() invalid = "";
  @state() private over = false;
  @state() private hint = "";

  override render(): TemplateResult {
    const help = this.invalid || this.hint;
    return html`
      <div class="field">
        <span class="field__label" id="drop-label">${this.label}</span>
        <label
          class="drop ${this.over ? "drop--over" : ""} ${this.file ? "drop--filled" : ""} ${this.invalid ? "drop--invalid" : ""}"
          @dragenter=${this.enter}
          @dragover=${this.enter}
          @dragleave=${() => (this.over = false)}
          @drop=${this.drop}
        >
          <input
            type="file"
            class="visually-hidden"
            aria-labelledby="drop-label drop-text"
            aria-describedby="drop-help"
            aria-invalid=${this.invalid ? "true" : "false"}
            ?disabled=${this.disabled}
            @change=${this.pick}
          />
          ${icon(this.file ? "document" : "file")}
          <span class="drop__text" id="drop-text">${this.file ? this.chosen(this.file) : this.invitation()}</span>
        </label>
        <p id="drop-help" class="field__help ${this.invalid ? "field__help--invalid" : ""}">${help || nothing}</p>
      </div>
    `;
  }

  private invitation(): TemplateResult {
    return html`<strong>${this.over ? t.seal.dropHere : this.heading}</strong><span class="drop__or">${t.seal.dropOr}</span>`;
  }

  private chosen(file: File): TemplateResult {
    return html`<strong class="drop__name">${file.name}</strong><span>${showSize(file.size)}</span><span class="drop__or">${t.seal.change}</span>`;
  }

  private enter(event: DragEvent): void {
    event.preventDefault();
    if (event.dataTransfer) event.dataTransfer.dropEffect = this.disabled ? "none" : "copy";
    this.over = !this.disabled;
  }

  private drop(event: DragEvent): void {
    event.preventDefault();
    this.over = false;
    if (this.disabled || !event.dataTransfer) return;
    const entry = event.dataTransfer.items[0]?.webkitGetAsEntry();
    if (entry?.isDirectory) {
      this.hint = t.seal.noFolder;
      return;
    }
    this.take(event.dataTransfer.files);
  }

  private pick(event: Event): void {
    const input = event.target as HTMLInputElement;
    if (input.files?.length) this.take(input.files);
    // Choosing the same file again has to be noticed, for instance after it was changed on disk.
    input.value = "";
  }

  private take(files: FileList): void {
    const [file] = files;
    if (!file) return;
    this.hint = files.length > 1 ? t.seal.oneFile : "";
    this.dispatchEvent(new CustomEvent<File>("ev-file", { detail: file }));
  }
}

/** A file dropped beside the drop area would replace the page; keep the page. */
export function keepPageOnStrayDrop(): void {
  for (const type of ["dragover", "drop"] as const) window.addEventListener(type, (event) => event.preventDefault());
}
