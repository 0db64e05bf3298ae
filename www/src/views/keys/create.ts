/**
 * Make a root key: material by the key server, or imported.
 *
 * *Invariant:* imported material is emptied from the page the moment it is sent, whatever the answer.
 */

import "@carbon/web-components/es/components/button/index.js";
import "@carbon/web-components/es/components/text-input/index.js";
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { createKey } from "../../api.js";
import { copyButton } from "../../components/copy.js";
import { descriptionFault, nameFault, submitOnEnter } from "../../components/form.js";
import { icon } from "../../components/icon.js";
import type { MaterialInput } from "../../components/material-input.js";
import "../../components/material-input.js";
import { notice, problemNotice } from "../../components/notice.js";
import { announce, View } from "../../components/view.js";
import { t } from "../../messages/en.js";
import { describe, type Problem } from "../../problem.js";
import { address, go } from "../../router.js";
import { instance } from "../../session.js";

@customElement("ev-key-create")
export class KeyCreate extends View {
  @property({ type: Boolean }) importing = false;
  @state() private name = "";
  @state() private description = "";
  @state() private checked = false;
  @state() private working = false;
  @state() private problem: Problem | undefined;
  @query("ev-material-input") private readonly material!: MaterialInput;
  @query('cds-text-input[name="name"]') private readonly nameInput!: HTMLElement;
  @query('cds-text-input[name="description"]') private readonly descriptionInput!: HTMLElement;

  private async submit(event: Event): Promise<void> {
    event.preventDefault();
    if (this.working) return;
    this.checked = true;
    if (nameFault(this.name)) return this.nameInput.focus();
    if (descriptionFault(this.description)) return this.descriptionInput.focus();
    const payload = this.importing ? this.material.take() : undefined;
    if (this.importing && payload === undefined) return;
    this.working = true;
    this.problem = undefined;
    try {
      const description = this.description.trim();
      const key = await createKey(instance().id, { name: this.name, ...(description ? { description } : {}), ...(payload ? { payload } : {}) });
      announce(this.importing ? t.form.imported(key.name) : t.form.created(key.name));
      go(address.key(key.id));
    } catch (error) {
      this.problem = describe(error);
    } finally {
      this.working = false;
    }
  }

  override render(): TemplateResult {
    const words = this.importing
      ? { title: t.form.importTitle, lead: t.form.importLead, submit: t.form.importSubmit, working: t.form.importing }
      : { title: t.form.createTitle, lead: t.form.createLead, submit: t.form.createSubmit, working: t.form.creating };
    return html`
      <div class="page page--narrow">
        <nav class="crumbs" aria-label=${t.key.breadcrumb}><a class="link" href=${address.keys}>${t.keys.title}</a></nav>
        <h1 tabindex="-1">${words.title}</h1>
        <p class="lead">${words.lead}</p>
        ${problemNotice(this.problem)}
        <form class="form" novalidate @submit=${this.submit}>
          ${this.nameField()} ${this.descriptionField()} ${this.importing ? this.materialFields() : nothing}
          <div class="form__buttons">
            <cds-button data-submit ?disabled=${this.working} @click=${this.submit}>${this.working ? words.working : words.submit}${icon(this.importing ? "import" : "add", "icon")}</cds-button>
            <cds-button kind="secondary" link-role="link" href=${address.keys}>${t.app.cancel}</cds-button>
          </div>
        </form>
      </div>
    `;
  }

  private nameField(): TemplateResult {
    const fault = this.checked || [...this.name].length > 1 ? nameFault(this.name) : "";
    return html`<cds-text-input name="name" label=${t.form.nameLabel} helper-text=${t.form.nameHelp} autocomplete="off" .value=${this.name}
      ?disabled=${this.working} ?invalid=${fault !== ""} invalid-text=${fault} required
      @input=${(event: Event) => (this.name = (event.target as HTMLInputElement).value)} @keydown=${submitOnEnter}></cds-text-input>`;
  }

  private descriptionField(): TemplateResult {
    const fault = this.checked ? descriptionFault(this.description) : "";
    return html`<cds-text-input name="description" label=${t.form.descriptionLabel} helper-text=${t.form.descriptionHelp} autocomplete="off" .value=${this.description}
      ?disabled=${this.working} ?invalid=${fault !== ""} invalid-text=${fault}
      @input=${(event: Event) => (this.description = (event.target as HTMLInputElement).value)} @keydown=${submitOnEnter}></cds-text-input>`;
  }

  private materialFields(): TemplateResult {
    return html`
      ${notice("warning", t.form.warnTitle, html`<p>${t.form.warnText}</p>`)}
      <ev-material-input ?disabled=${this.working} @keydown=${submitOnEnter}></ev-material-input>
      <details class="more">
        <summary>${t.form.makeTitle}</summary>
        <p>${t.form.makeText}</p>
        <p class="command"><code>${t.form.makeCommand}</code>${copyButton(t.form.makeCommand, t.app.copy)}</p>
      </details>
    `;
  }
}
