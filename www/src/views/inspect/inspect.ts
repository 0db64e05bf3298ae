/**
 * The envelope lens: what the header of a sealed file says.
 *
 * *Invariant:* needs no key and sends nothing but look-ups of key names; says that what it shows is unproven.
 */

import type { Inspection } from "envelock";
import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { copyValue } from "../../components/copy.js";
import "../../components/file-drop.js";
import { notice, problemNotice } from "../../components/notice.js";
import { announce, View } from "../../components/view.js";
import { showExactSize } from "../../format.js";
import { t } from "../../messages/en.js";
import { describe, describeSeal, type Problem } from "../../problem.js";
import { address } from "../../router.js";
import { JobFailed, runInspect } from "../seal/job.js";
import { displayName, KEY_PROTECT_PROVIDER, ownKey } from "../seal/named-key.js";
import type { KeyName } from "../seal/protocol.js";

@customElement("ev-inspect")
export class Inspect extends View {
  @state() private file: File | undefined;
  @state() private inspection: Inspection | undefined;
  @state() private own: (KeyName & { name: string }) | undefined;
  @state() private problem: Problem | undefined;

  private async take(file: File): Promise<void> {
    this.file = file;
    this.inspection = undefined;
    this.problem = undefined;
    this.own = undefined;
    try {
      const inspection = await runInspect(file);
      // Another file may have been chosen meanwhile; what was found out about this one is no longer asked for.
      if (this.file !== file) return;
      this.inspection = inspection;
      await this.updateComplete;
      if (this.file !== file) return;
      this.querySelector<HTMLElement>(".lens h2")?.focus();
      announce(t.inspect.unverifiedTitle);
      const key = ownKey(inspection);
      const name = key && (await displayName(key));
      if (this.file !== file) return;
      this.own = key && name !== undefined ? { ...key, name } : undefined;
    } catch (error) {
      if (this.file !== file) return;
      this.problem = error instanceof JobFailed ? describeSeal(error.failure) : describe(error);
    }
  }

  override render(): TemplateResult {
    return html`
      <div class="page page--narrow">
        <h1 tabindex="-1">${t.inspect.title}</h1>
        <p class="lead">${t.inspect.lead}</p>
        <div class="form">
          <ev-file-drop label=${t.open.file} heading=${t.inspect.dropTitle} .file=${this.file}
            @ev-file=${(event: CustomEvent<File>) => this.take(event.detail)}></ev-file-drop>
        </div>
        ${problemNotice(this.problem)} ${this.inspection ? this.lens(this.inspection) : nothing}
      </div>
    `;
  }

  private lens(inspection: Inspection): TemplateResult {
    return html`
      <div class="lens">
        ${notice("warning", t.inspect.unverifiedTitle, html`<p>${t.inspect.unverifiedText}</p>`)}
        <section aria-labelledby="lens-message">
          <h2 id="lens-message" tabindex="-1">${t.inspect.message}</h2>
          <dl class="facts">
            ${fact(t.inspect.version, inspection.version)} ${fact(t.inspect.suite, suiteText(inspection.suite))}
            ${fact(t.inspect.committing, inspection.committing ? t.inspect.committingYes : t.inspect.committingNo)}
            ${fact(t.inspect.messageId, copyValue(inspection.messageId, t.inspect.messageId))}
          </dl>
        </section>
        <section aria-labelledby="lens-context">
          <h2 id="lens-context">${t.inspect.context}</h2>
          ${contextTable(inspection.context)}
        </section>
        <section aria-labelledby="lens-edks">
          <h2 id="lens-edks">${t.inspect.edks}</h2>
          <p class="hint">${t.inspect.edksLead(inspection.edks.length)}</p>
          ${inspection.edks.map((edk) => this.edk(edk))}
        </section>
        <section aria-labelledby="lens-layout">
          <h2 id="lens-layout">${t.inspect.layout}</h2>
          <dl class="facts">
            ${fact(t.inspect.frameLength, inspection.frameLength === 0 ? t.inspect.unframed : showExactSize(inspection.frameLength))}
            ${inspection.frames === undefined ? nothing : fact(t.inspect.frames, inspection.frames.toLocaleString("en"))}
            ${fact(t.inspect.header, showExactSize(inspection.headerLength))}
            ${inspection.plaintextLength === undefined
              ? fact(t.inspect.plaintext, t.inspect.incomplete)
              : html`${fact(t.inspect.plaintext, showExactSize(inspection.plaintextLength))}
                ${fact(t.inspect.overhead, showExactSize(inspection.messageLength - inspection.plaintextLength))}`}
            ${fact(t.inspect.whole, showExactSize(inspection.messageLength))}
          </dl>
        </section>
      </div>
    `;
  }

  private edk(edk: Inspection["edks"][number]): TemplateResult {
    const { own } = this;
    const isOwn = own !== undefined && edk.providerId === KEY_PROTECT_PROVIDER && edk.providerInfo === `${own.instance}/${own.key}`;
    return html`<dl class="facts facts--group">
      ${isOwn ? fact(t.inspect.keyName, html`<a class="link" href=${address.key(own.key)}>${own.name}</a>`) : nothing}
      ${fact(t.inspect.provider, html`<code>${edk.providerId}</code>`)} ${fact(t.inspect.providerInfo, copyValue(edk.providerInfo, t.inspect.providerInfo))}
      ${fact(t.inspect.wrappedSize, showExactSize(edk.ciphertextLength))}
    </dl>`;
  }
}

function fact(label: string, value: unknown): TemplateResult {
  return html`<div class="facts__one"><dt>${label}</dt><dd>${value}</dd></div>`;
}

function suiteText(suite: string): string {
  const name = t.inspect.suites[suite];
  return name ? `${name} (${suite})` : suite;
}

function contextTable(context: Record<string, string>): TemplateResult {
  const pairs = Object.entries(context);
  if (pairs.length === 0) return html`<p>${t.inspect.contextNone}</p>`;
  return html`<table class="table table--compact">
    <thead>
      <tr><th scope="col">${t.inspect.contextName}</th><th scope="col">${t.inspect.contextValue}</th></tr>
    </thead>
    <tbody>
      ${pairs.map(([name, value]) => html`<tr><td><code>${name}</code></td><td><code>${value}</code></td></tr>`)}
    </tbody>
  </table>`;
}
