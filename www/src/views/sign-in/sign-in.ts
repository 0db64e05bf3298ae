/**
 * Sign in with the one-time link of the key server.
 *
 * *Invariant:* the code leaves the address bar before it is used and is kept nowhere.
 */

import "@carbon/web-components/es/components/button/index.js";
import "@carbon/web-components/es/components/inline-loading/index.js";
import "@carbon/web-components/es/components/text-input/index.js";
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { ApiError, signIn } from "../../api.js";
import { copyButton } from "../../components/copy.js";
import { submitOnEnter } from "../../components/form.js";
import { icon } from "../../components/icon.js";
import { notice, problemNotice } from "../../components/notice.js";
import { View } from "../../components/view.js";
import { t } from "../../messages/en.js";
import { describe, type Problem } from "../../problem.js";
import { enter } from "../../session.js";

export type SignInReason = "ended" | "signed-out";

@customElement("ev-sign-in")
export class SignIn extends View {
  @property() code = "";
  @property() reason: SignInReason | "" = "";
  @state() private working = false;
  @state() private problem: Problem | undefined;
  @state() private missing = false;
  @query("cds-text-input") private readonly input!: HTMLElement & { value: string };

  override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("code") && this.code) void this.exchange(this.code);
  }

  private async exchange(code: string): Promise<void> {
    this.working = true;
    this.problem = undefined;
    try {
      enter(await signIn(code));
    } catch (error) {
      this.problem = describe(error);
      if (error instanceof ApiError && error.status === 401) this.problem = { ...this.problem, title: t.signIn.refusedTitle, text: t.signIn.refusedText };
    } finally {
      this.working = false;
    }
  }

  private submit(event: Event): void {
    event.preventDefault();
    const pasted = this.input.value.trim();
    const code = /[?&]code=([^&\s]+)/.exec(pasted)?.[1] ?? pasted;
    this.missing = code === "";
    if (this.missing) this.input.focus();
    else {
      this.input.value = "";
      void this.exchange(code);
    }
  }

  override render(): TemplateResult {
    const command = t.signIn.newLinkCommand(location.origin);
    return html`
      <div class="sign-in">
        <div class="sign-in__mark">${icon("key")}</div>
        <h1 tabindex="-1">${t.signIn.title}</h1>
        <p class="lead">${t.signIn.lead}</p>
        ${this.reason && !this.problem && !this.working ? notice("info", this.reason === "ended" ? t.signIn.ended : t.signIn.signedOut, nothing) : nothing}
        ${problemNotice(this.problem)}
        ${this.working ? html`<cds-inline-loading status="active">${t.signIn.working}</cds-inline-loading>` : nothing}
        <form novalidate @submit=${this.submit}>
          <cds-text-input
            label=${t.signIn.linkLabel}
            helper-text=${t.signIn.linkHelp}
            autocomplete="off"
            name="code"
            ?disabled=${this.working}
            ?invalid=${this.missing}
            invalid-text=${t.signIn.linkMissing}
            @keydown=${submitOnEnter}
          ></cds-text-input>
          <cds-button ?disabled=${this.working} @click=${this.submit}>${t.signIn.submit}</cds-button>
        </form>
        <section class="sign-in__help" aria-labelledby="new-link">
          <h2 id="new-link">${t.signIn.newLinkTitle}</h2>
          <p>${t.signIn.newLinkText}</p>
          <p class="command"><code>${command}</code>${copyButton(command, t.app.copy)}</p>
          <p class="hint">${t.signIn.newLinkNote}</p>
        </section>
      </div>
    `;
  }
}
