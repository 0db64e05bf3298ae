/**
 * One root key: what it is, its versions, and everything that can be done with it.
 *
 * *Invariant:* shows what the key server last said; after every change it asks again.
 */

import "@carbon/web-components/es/components/button/index.js";
import "@carbon/web-components/es/components/inline-loading/index.js";
import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { deleteKey, disableKey, enableKey, getKey, keyVersions, restoreKey, rotateKey, serverNow, State, type KeyVersion, type RootKey } from "../../api.js";
import { copyButton, copyValue } from "../../components/copy.js";
import { icon } from "../../components/icon.js";
import { stateTag } from "../../components/key-bits.js";
import { notice, problemNotice } from "../../components/notice.js";
import { announce, View } from "../../components/view.js";
import { showDate, showDateTime } from "../../format.js";
import { t } from "../../messages/en.js";
import { describe, type Problem } from "../../problem.js";
import { address } from "../../router.js";
import { instance } from "../../session.js";
import type { Question } from "./dialogs.js";
import "./dialogs.js";

type Action = Question | "enable" | "restore";

/** The key server's waiting time before a disabled key is enabled or a deleted one restored, plus the second its dates round away. */
const WAIT_MS = 31_000;

@customElement("ev-key")
export class KeyDetail extends View {
  @property() keyId = "";
  @state() private key: RootKey | undefined;
  @state() private versions: KeyVersion[] = [];
  @state() private problem: Problem | undefined;
  @state() private question: Question | undefined;
  @state() private questionProblem: Problem | undefined;
  @state() private working = false;
  @state() private done = "";
  @state() private waitSeconds = 0;
  private ticking: ReturnType<typeof setInterval> | undefined;

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("keyId")) void this.load();
  }

  override disconnectedCallback(): void {
    clearInterval(this.ticking);
    super.disconnectedCallback();
  }

  private async load(): Promise<void> {
    try {
      const key = await getKey(instance().id, this.keyId);
      this.versions = key.state === State.deleted ? [] : await keyVersions(instance().id, key.id);
      this.key = key;
      document.title = t.app.title(key.name);
      this.watchWait();
    } catch (error) {
      this.problem = describe(error);
    }
  }

  private watchWait(): void {
    clearInterval(this.ticking);
    const changedAt = this.key?.state === State.disabled ? this.key.lastUpdateDate : this.key?.state === State.deleted ? this.key.deletionDate : undefined;
    const until = changedAt ? Date.parse(changedAt) + WAIT_MS : 0;
    const tick = (): void => {
      this.waitSeconds = Math.max(0, Math.ceil((until - serverNow()) / 1000));
      if (this.waitSeconds === 0) clearInterval(this.ticking);
    };
    tick();
    if (this.waitSeconds > 0) this.ticking = setInterval(tick, 500);
  }

  private async act(action: Action, payload?: string): Promise<void> {
    const { id } = this.key!;
    const calls: Record<Action, () => Promise<void>> = {
      rotate: () => rotateKey(instance().id, id, payload),
      disable: () => disableKey(instance().id, id),
      enable: () => enableKey(instance().id, id),
      remove: () => deleteKey(instance().id, id),
      restore: () => restoreKey(instance().id, id),
    };
    this.working = true;
    this.problem = undefined;
    this.questionProblem = undefined;
    this.done = "";
    try {
      await calls[action]();
      this.question = undefined;
      this.done = t.key.done[action];
      announce(this.done);
      await this.load();
      // The button that was pressed may be gone now; a lost focus would start again at the top of the page.
      await this.updateComplete;
      this.querySelector<HTMLElement>("h1")?.focus();
    } catch (error) {
      if (this.question) this.questionProblem = describe(error);
      else this.problem = describe(error);
    } finally {
      this.working = false;
    }
  }

  override render(): TemplateResult {
    return html`
      <div class="page">
        <nav class="crumbs" aria-label=${t.key.breadcrumb}><a class="link" href=${address.keys}>${t.keys.title}</a></nav>
        ${this.key ? this.content(this.key) : this.pending()}
      </div>
    `;
  }

  private pending(): TemplateResult {
    return html`<h1 tabindex="-1">${t.key.details}</h1>
      ${problemNotice(this.problem)} ${this.problem ? nothing : html`<cds-inline-loading status="active">${t.app.loading}</cds-inline-loading>`}`;
  }

  private content(key: RootKey): TemplateResult {
    return html`
      <div class="page__head">
        <div class="title-line"><h1 tabindex="-1">${key.name}</h1>${stateTag(key)}</div>
        ${this.actions(key)}
      </div>
      ${problemNotice(this.problem)}
      ${this.done ? notice("success", this.done, nothing) : nothing} ${this.stateNotice(key)}
      <div class="columns">
        <section aria-labelledby="details"><h2 id="details">${t.key.details}</h2>${this.facts(key)}</section>
        <section aria-labelledby="versions"><h2 id="versions">${t.key.versions}</h2>${this.versionTable(key)}</section>
      </div>
      ${key.state === State.deleted ? nothing : this.node(key)}
      ${this.question
        ? html`<ev-key-question .key=${key} question=${this.question} ?working=${this.working} .problem=${this.questionProblem}
            @ev-cancel=${this.closeQuestion} @ev-answer=${(event: CustomEvent<string | undefined>) => this.act(this.question!, event.detail)}></ev-key-question>`
        : nothing}
    `;
  }

  private ask(question: Question): void {
    this.questionProblem = undefined;
    this.question = question;
  }

  private closeQuestion(): void {
    this.question = undefined;
    this.questionProblem = undefined;
  }

  private actions(key: RootKey): TemplateResult {
    const waiting = this.waitSeconds > 0;
    const off = this.working;
    const askButton = (question: Question, kind: string, text: string): TemplateResult =>
      html`<cds-button size="md" kind=${kind} ?disabled=${off} @click=${() => this.ask(question)}>${text}${icon(question === "remove" ? "delete" : question, "icon")}</cds-button>`;
    return html`<div class="page__actions" role="group" aria-label=${t.key.actions}>
      ${key.state === State.active
        ? html`<cds-button size="md" kind="primary" link-role="link" href=${address.sealWith(key.id)}>${t.key.sealWith}${icon("seal", "icon")}</cds-button>`
        : nothing}
      ${key.state === State.active || key.state === State.expired ? askButton("rotate", "tertiary", t.key.rotate) : nothing}
      ${key.state === State.active ? askButton("disable", "tertiary", t.key.disable) : nothing}
      ${key.state === State.disabled
        ? html`<cds-button size="md" kind="primary" ?disabled=${off || waiting} @click=${() => this.act("enable")}>
            ${waiting ? t.key.enableIn(this.waitSeconds) : t.key.enable}${icon("enable", "icon")}</cds-button>`
        : nothing}
      ${key.state === State.deleted
        ? html`<cds-button size="md" kind="primary" ?disabled=${off || waiting} @click=${() => this.act("restore")}>
            ${waiting ? t.key.restoreIn(this.waitSeconds) : t.key.restore}${icon("restore", "icon")}</cds-button>`
        : askButton("remove", "danger-tertiary", t.key.remove)}
    </div>`;
  }

  private stateNotice(key: RootKey): TemplateResult | typeof nothing {
    const wait = this.waitSeconds > 0 ? html`<p>${t.key.wait}</p>` : nothing;
    switch (key.state) {
      case State.disabled:
        return notice("warning", t.key.disabledTitle, html`<p>${t.key.disabledText}</p>${wait}`);
      case State.deleted:
        return notice("error", t.key.deletedTitle, html`<p>${t.key.deletedText(key.restoreExpirationDate ? showDateTime(key.restoreExpirationDate) : "")}</p>${wait}`);
      case State.expired:
        return notice("warning", t.key.expiredTitle, html`<p>${t.key.expiredText}</p>`);
      default:
        return nothing;
    }
  }

  private facts(key: RootKey): TemplateResult {
    const fact = (label: string, value: unknown): TemplateResult => html`<div class="facts__one"><dt>${label}</dt><dd>${value}</dd></div>`;
    const date = (label: string, value: string | undefined): TemplateResult | typeof nothing =>
      value ? fact(label, html`<time datetime=${value}>${showDateTime(value)}</time>`) : nothing;
    return html`<dl class="facts">
      ${fact(t.keys.id, copyValue(key.id, t.keys.id))} ${fact(t.keys.crn, copyValue(key.crn, t.keys.crn))}
      ${key.description ? fact(t.key.description, key.description) : nothing}
      ${fact(t.key.origin, key.imported ? t.key.originImported : t.key.originGenerated)}
      ${key.algorithmBitSize ? fact(t.key.algorithm, t.keys.bits(key.algorithmBitSize)) : nothing}
      ${key.aliases?.length ? fact(t.key.aliases, key.aliases.join(", ")) : nothing}
      ${fact(t.key.keyRing, key.keyRingID)} ${date(t.key.created, key.creationDate)} ${fact(t.key.createdBy, html`<code>${key.createdBy}</code>`)}
      ${fact(t.key.rotated, key.lastRotateDate ? html`<time datetime=${key.lastRotateDate}>${showDateTime(key.lastRotateDate)}</time>` : t.keys.never)}
      ${date(t.key.updated, key.lastUpdateDate)} ${date(t.key.deletedOn, key.deletionDate)} ${date(t.key.restoreUntil, key.restoreExpirationDate)}
      ${date(t.key.purgeOn, key.purgeScheduledOn)}
    </dl>`;
  }

  private node(key: RootKey): TemplateResult {
    const exports = t.key.nodeExports(location.origin, instance().id, key.id);
    return html`<section class="below" aria-labelledby="node">
      <h2 id="node">${t.key.node}</h2>
      <p class="hint">${t.key.nodeLead}</p>
      <p class="command"><code>${exports}</code>${copyButton(exports, t.app.copy)}</p>
      <p class="hint">${t.key.nodeApiKey}</p>
    </section>`;
  }

  private versionTable(key: RootKey): TemplateResult {
    if (key.state === State.deleted) return html`<p class="hint">${t.key.noVersions}</p>`;
    return html`
      <p class="hint">${t.key.versionsLead}</p>
      <table class="table table--compact">
        <thead>
          <tr><th scope="col">${t.key.version}</th><th scope="col">${t.key.versionCreated}</th></tr>
        </thead>
        <tbody>
          ${this.versions.map(
            (version) => html`<tr>
              <td><code>${version.id}</code>${version.id === key.keyVersion?.id ? html` <cds-tag size="sm" type="green">${t.key.versionCurrent}</cds-tag>` : nothing}</td>
              <td><time datetime=${version.creationDate} title=${showDateTime(version.creationDate)}>${showDate(version.creationDate)}</time></td>
            </tr>`,
          )}
        </tbody>
      </table>
    `;
  }
}
