/**
 * Open a sealed file, in this page.
 *
 * *Invariant:* offers nothing to download unless every byte was authenticated.
 */

import "@carbon/web-components/es/components/button/index.js";
import type { Inspection } from "envelock";
import { html, nothing, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import type { ContextRows } from "../../components/context-rows.js";
import "../../components/context-rows.js";
import "../../components/file-drop.js";
import { icon } from "../../components/icon.js";
import { contextPairs } from "../../components/pairs.js";
import { notice } from "../../components/notice.js";
import { t } from "../../messages/en.js";
import { describe, describeSeal } from "../../problem.js";
import { address } from "../../router.js";
import { JobFailed, runInspect } from "./job.js";
import { displayName, ownKey } from "./named-key.js";
import type { KeyName } from "./protocol.js";
import { FileWork, type Words } from "./work.js";

const SEALED = ".sealed";

@customElement("ev-open")
export class Open extends FileWork {
  @state() private inspection: Inspection | undefined;
  @state() private key: KeyName | undefined;
  @state() private keyName = "";
  @query("ev-context-rows") private readonly context!: ContextRows | null;

  protected override readonly words: Words = t.open;

  private async take(file: File): Promise<void> {
    this.forget();
    this.file = file;
    this.inspection = undefined;
    this.key = undefined;
    try {
      const inspection = await runInspect(file);
      if (this.file !== file) return;
      const key = ownKey(inspection);
      const keyName = key ? ((await displayName(key)) ?? t.open.keyUnknown) : "";
      // Another file may have been chosen meanwhile; what was found out about this one is no longer asked for.
      if (this.file !== file) return;
      this.keyName = keyName;
      this.key = key;
      this.inspection = inspection;
    } catch (error) {
      if (this.file !== file) return;
      this.problem = error instanceof JobFailed ? describeSeal(error.failure) : describe(error);
    }
  }

  private submit(event: Event): void {
    event.preventDefault();
    const context = this.context?.read();
    if (this.running || !this.file || !this.key || !context) return;
    const { name } = this.file;
    const target = name.endsWith(SEALED) && name.length > SEALED.length ? name.slice(0, -SEALED.length) : `${name}${t.open.suffix}`;
    void this.work({ verb: "open", file: this.file, key: this.key, context }, name, target);
  }

  protected override startOver(): void {
    this.inspection = undefined;
    super.startOver();
  }

  override render(): TemplateResult {
    const busy = this.running !== undefined;
    return html`
      <div class="page page--narrow">
        <h1 tabindex="-1">${t.open.title}</h1>
        <p class="lead">${t.open.lead}</p>
        <form class="form" novalidate @submit=${this.submit} ?hidden=${busy || this.result !== undefined}>
          <ev-file-drop label=${t.open.file} heading=${t.open.dropTitle} .file=${this.file} ?disabled=${busy}
            @ev-file=${(event: CustomEvent<File>) => this.take(event.detail)}></ev-file-drop>
          ${this.inspection ? this.named(this.inspection, busy) : nothing}
        </form>
        ${this.outcome()}
      </div>
    `;
  }

  private named(inspection: Inspection, busy: boolean): TemplateResult {
    if (!this.key) return html`${notice("warning", t.open.foreignTitle, html`<p>${t.open.foreignText}</p><p><a class="link" href=${address.inspect}>${t.app.inspect}</a></p>`)}`;
    return html`
      <dl class="facts">
        <div class="facts__one">
          <dt>${t.open.sealedUnder}</dt>
          <dd><a class="link" href=${address.key(this.key.key)} data-testid="sealed-under">${this.keyName}</a></dd>
        </div>
        <div class="facts__one">
          <dt>${t.open.contextFound}</dt>
          <dd>${contextPairs(inspection.context)}</dd>
        </div>
      </dl>
      <ev-context-rows label=${t.open.contextExpect} help=${t.open.contextExpectHelp} ?disabled=${busy}></ev-context-rows>
      <div class="form__buttons">
        <cds-button data-submit ?disabled=${busy} @click=${this.submit}>${t.open.submit}${icon("open", "icon")}</cds-button>
      </div>
    `;
  }
}
