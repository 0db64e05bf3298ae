/**
 * Seal a file under a root key, in this page.
 *
 * *Invariant:* the file's content goes to the worker of this page only.
 */

import "@carbon/web-components/es/components/button/index.js";
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { listKeys, State, type RootKey } from "../../api.js";
import type { ContextRows } from "../../components/context-rows.js";
import "../../components/context-rows.js";
import "../../components/file-drop.js";
import { icon } from "../../components/icon.js";
import { t } from "../../messages/en.js";
import { describe } from "../../problem.js";
import { address } from "../../router.js";
import { instance } from "../../session.js";
import { FileWork, type Words } from "./work.js";

@customElement("ev-seal")
export class Seal extends FileWork {
  /** Id of the key to begin with. */
  @property() wanted = "";
  @state() private keys: RootKey[] | undefined;
  @state() private keyId = "";
  @state() private checked = false;
  @query("ev-context-rows") private readonly context!: ContextRows;

  protected override readonly words: Words = t.seal;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.load();
  }

  private async load(): Promise<void> {
    try {
      const keys = (await listKeys(instance().id, false)).filter((key) => key.state === State.active);
      this.keys = keys.sort((a, b) => a.name.localeCompare(b.name));
      const [first] = this.keys;
      this.keyId = this.keys.find((key) => key.id === this.wanted)?.id ?? (this.keys.length === 1 && first ? first.id : "");
      if (this.wanted && !this.keyId) this.checked = true;
    } catch (error) {
      this.problem = describe(error);
    }
  }

  private submit(event: Event): void {
    event.preventDefault();
    if (this.running) return;
    this.checked = true;
    const context = this.context.read();
    if (!this.keyId) return this.querySelector<HTMLElement>("#seal-key")?.focus();
    if (!this.file) return this.querySelector<HTMLElement>('input[type="file"]')?.focus();
    if (!context) return this.querySelector<HTMLElement>("ev-context-rows [invalid]")?.focus();
    const job = { verb: "seal", file: this.file, key: { instance: instance().id, key: this.keyId }, context } as const;
    void this.work(job, this.file.name, `${this.file.name}.sealed`);
  }

  override render(): TemplateResult {
    return html`
      <div class="page page--narrow">
        <h1 tabindex="-1">${t.seal.title}</h1>
        <p class="lead">${t.seal.lead}</p>
        ${this.keys?.length === 0 ? this.noKey() : this.keys ? this.form(this.keys) : nothing} ${this.outcome()}
      </div>
    `;
  }

  private noKey(): TemplateResult {
    return html`<div class="empty">
      <h2>${t.seal.noKeyTitle}</h2>
      <p class="hint">${t.seal.noKeyText}</p>
      <cds-button link-role="link" href=${address.create}>${t.keys.create}${icon("add", "icon")}</cds-button>
    </div>`;
  }

  private form(keys: RootKey[]): TemplateResult {
    const busy = this.running !== undefined;
    const missingKey = this.checked && !this.keyId;
    return html`
      <form class="form" novalidate @submit=${this.submit} ?hidden=${busy || this.result !== undefined}>
        <div class="field">
          <label class="field__label" for="seal-key">${t.seal.keyLabel}</label>
          <div class="select-box"><select id="seal-key" class="select" ?disabled=${busy} aria-invalid=${missingKey ? "true" : "false"} aria-describedby="seal-key-fault"
            @change=${(event: Event) => (this.keyId = (event.target as HTMLSelectElement).value)}>
            <option value="" disabled ?selected=${this.keyId === ""}>${t.seal.keyPlaceholder}</option>
            ${keys.map((key) => html`<option value=${key.id} ?selected=${key.id === this.keyId}>${optionText(key, keys)}</option>`)}
          </select></div>
          <p id="seal-key-fault" class="field__help field__help--invalid">${missingKey ? t.seal.needKey : nothing}</p>
        </div>
        <ev-file-drop label=${t.seal.file} heading=${t.seal.dropTitle} .file=${this.file} ?disabled=${busy} .invalid=${this.checked && !this.file ? t.seal.needFile : ""}
          @ev-file=${(event: CustomEvent<File>) => (this.file = event.detail)}></ev-file-drop>
        <ev-context-rows label=${t.seal.context} help=${t.seal.contextHelp} ?disabled=${busy}></ev-context-rows>
        <div class="form__buttons">
          <cds-button data-submit ?disabled=${busy} @click=${this.submit}>${t.seal.submit}${icon("seal", "icon")}</cds-button>
        </div>
      </form>
    `;
  }
}

/** Names need not be unique; the start of the id tells two keys of one name apart. */
function optionText(key: RootKey, keys: RootKey[]): string {
  const alone = keys.filter((other) => other.name === key.name).length === 1;
  return alone ? key.name : `${key.name} (${key.id.slice(0, 8)})`;
}
