/**
 * The root keys of the instance.
 *
 * *Invariant:* changes no key; every change has its own screen or dialog.
 */

import "@carbon/web-components/es/components/button/index.js";
import "@carbon/web-components/es/components/search/index.js";
import "@carbon/web-components/es/components/checkbox/index.js";
import "@carbon/web-components/es/components/inline-loading/index.js";
import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { listKeys, State, type RootKey } from "../../api.js";
import { copyButton } from "../../components/copy.js";
import { icon } from "../../components/icon.js";
import { originTag, stateTag } from "../../components/key-bits.js";
import { problemNotice } from "../../components/notice.js";
import { announce, View } from "../../components/view.js";
import { showDate, showDateTime } from "../../format.js";
import { t } from "../../messages/en.js";
import { describe, type Problem } from "../../problem.js";
import { address } from "../../router.js";
import { instance } from "../../session.js";

@customElement("ev-keys")
export class Keys extends View {
  @state() private keys: RootKey[] | undefined;
  @state() private problem: Problem | undefined;
  @state() private query = "";
  @state() private showDeleted = false;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.load();
  }

  private async load(): Promise<void> {
    this.problem = undefined;
    try {
      const keys = await listKeys(instance().id, true);
      this.keys = keys.sort((a, b) => b.creationDate.localeCompare(a.creationDate) || a.name.localeCompare(b.name));
    } catch (error) {
      this.problem = describe(error);
    }
  }

  override render(): TemplateResult {
    return html`
      <div class="page">
        <div class="page__head">
          <div>
            <h1 tabindex="-1">${t.keys.title}</h1>
            <p class="lead">${t.keys.lead}</p>
          </div>
          ${this.keys?.length ? this.actions() : nothing}
        </div>
        ${problemNotice(this.problem)}
        ${this.problem ? html`<cds-button kind="tertiary" size="md" @click=${this.load}>${t.app.retry}</cds-button>` : nothing}
        ${this.keys ? this.content(this.keys) : this.problem ? nothing : html`<cds-inline-loading status="active">${t.app.loading}</cds-inline-loading>`}
      </div>
    `;
  }

  private actions(): TemplateResult {
    return html`<div class="page__actions page__actions--main-last">
      <cds-button kind="tertiary" link-role="link" href=${address.import}>${t.keys.import}${icon("import", "icon")}</cds-button>
      <cds-button link-role="link" href=${address.create}>${t.keys.create}${icon("add", "icon")}</cds-button>
    </div>`;
  }

  private content(keys: RootKey[]): TemplateResult {
    if (keys.length === 0) return this.firstRun();
    const wanted = this.query.trim().toLowerCase();
    const listed = keys.filter((key) => this.showDeleted || key.state !== State.deleted);
    const shown = listed.filter((key) => wanted === "" || key.name.toLowerCase().includes(wanted) || key.id.includes(wanted));
    return html`
      <div class="toolbar">
        <cds-search size="lg" label-text=${t.keys.search} placeholder=${t.keys.search} close-button-label-text=${t.keys.clearSearch}
          .value=${this.query} @cds-search-input=${this.search}></cds-search>
        <cds-checkbox label-text=${t.keys.showDeleted} .checked=${this.showDeleted}
          @cds-checkbox-changed=${(event: CustomEvent<{ checked: boolean }>) => (this.showDeleted = event.detail.checked)}></cds-checkbox>
      </div>
      ${shown.length > 0 ? this.table(shown, keys.length) : this.nothingShown(listed.length === 0)}
    `;
  }

  private search(event: CustomEvent<{ value: string }>): void {
    this.query = event.detail.value;
    void this.updateComplete.then(() => announce(this.querySelector("caption")?.textContent?.trim() ?? t.keys.noMatchTitle));
  }

  private table(keys: RootKey[], all: number): TemplateResult {
    return html`
      <table class="table">
        <caption>${keys.length === all ? t.keys.count(all) : t.keys.countOf(keys.length, all)}</caption>
        <thead>
          <tr>
            <th scope="col">${t.keys.name}</th>
            <th scope="col">${t.keys.state}</th>
            <th scope="col" class="wide">${t.keys.origin}</th>
            <th scope="col" class="wide">${t.keys.rotated}</th>
            <th scope="col" class="medium">${t.keys.created}</th>
            <th scope="col">${t.keys.identifiers}</th>
          </tr>
        </thead>
        <tbody>
          ${keys.map((key) => this.row(key))}
        </tbody>
      </table>
    `;
  }

  private row(key: RootKey): TemplateResult {
    return html`
      <tr data-key=${key.id}>
        <th scope="row">
          <a class="link" href=${address.key(key.id)}>${key.name}</a>
          <span class="table__sub">${key.algorithmBitSize ? t.keys.bits(key.algorithmBitSize) : nothing}</span>
        </th>
        <td>${stateTag(key)}</td>
        <td class="wide">${originTag(key)}</td>
        <td class="wide">${key.lastRotateDate ? html`<time datetime=${key.lastRotateDate} title=${showDateTime(key.lastRotateDate)}>${showDate(key.lastRotateDate)}</time>` : t.keys.never}</td>
        <td class="medium"><time datetime=${key.creationDate} title=${showDateTime(key.creationDate)}>${showDate(key.creationDate)}</time></td>
        <td>
          <div class="ids">
            <span class="ids__one"><span class="ids__label">${t.keys.idShort}</span><code>${key.id}</code>${copyButton(key.id, t.keys.copyId(key.name))}</span>
            <span class="ids__one"><span class="ids__label">${t.keys.crnShort}</span><code>${key.crn}</code>${copyButton(key.crn, t.keys.copyCrn(key.name))}</span>
          </div>
        </td>
      </tr>
    `;
  }

  private nothingShown(onlyDeleted: boolean): TemplateResult {
    return html`<div class="empty">
      <h2>${onlyDeleted ? t.keys.onlyDeletedTitle : t.keys.noMatchTitle}</h2>
      <p>${onlyDeleted ? t.keys.onlyDeletedText : t.keys.noMatchText(this.query)}</p>
      ${onlyDeleted ? nothing : html`<cds-button kind="ghost" size="md" @click=${() => (this.query = "")}>${t.keys.clearSearch}</cds-button>`}
    </div>`;
  }

  private firstRun(): TemplateResult {
    return html`<div class="empty empty--first">
      ${icon("key")}
      <h2>${t.keys.emptyTitle}</h2>
      <p>${t.keys.emptyText}</p>
      <ol class="steps">
        ${t.keys.emptySteps.map((step) => html`<li>${step}</li>`)}
      </ol>
      ${this.actions()}
    </div>`;
  }
}
