/**
 * The frame around every screen: header, navigation, the screen itself, and who is signed in.
 *
 * *Invariant:* one screen at a time; on every change of screen the title is set and the focus goes to its heading.
 */

import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { keyed } from "lit/directives/keyed.js";
import { ApiError, currentSession, signOut } from "./api.js";
import "@carbon/web-components/es/components/button/index.js";
import { icon } from "./components/icon.js";
import { problemNotice } from "./components/notice.js";
import { View } from "./components/view.js";
import { t } from "./messages/en.js";
import { describe, type Problem } from "./problem.js";
import { address, go, parseRoute, type Route } from "./router.js";
import { chooseInstance, currentUser, enter, instance, leave, onSessionChange } from "./session.js";
import "./views/inspect/inspect.js";
import "./views/keys/create.js";
import "./views/keys/detail.js";
import "./views/keys/list.js";
import "./views/seal/open.js";
import "./views/seal/seal.js";
import type { SignInReason } from "./views/sign-in/sign-in.js";
import "./views/sign-in/sign-in.js";

const TITLES: Record<Route["screen"], string> = {
  "sign-in": t.signIn.title,
  keys: t.keys.title,
  "key-create": t.form.createTitle,
  "key-import": t.form.importTitle,
  key: t.key.details,
  seal: t.seal.title,
  open: t.open.title,
  inspect: t.inspect.title,
  unknown: t.app.notFoundTitle,
};

const NAVIGATION = [
  { href: address.keys, text: t.app.rootKeys, screens: ["keys", "key", "key-create", "key-import"] },
  { href: address.seal, text: t.app.seal, screens: ["seal"] },
  { href: address.open, text: t.app.open, screens: ["open"] },
  { href: address.inspect, text: t.app.inspect, screens: ["inspect"] },
] as const satisfies readonly { href: string; text: string; screens: readonly Route["screen"][] }[];

@customElement("ev-shell")
export class Shell extends View {
  @state() private route: Route = parseRoute(location.hash);
  @state() private loaded = false;
  /** Whether there is a session is not known: the key server did not say. */
  @state() private unknownSession = false;
  @state() private code = "";
  @state() private reason: SignInReason | "" = "";
  @state() private problem: Problem | undefined;
  private afterSignIn: string = address.keys;
  private leaving = false;

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener("hashchange", () => this.follow());
    onSessionChange(() => this.sessionChanged());
    this.takeCode();
    void this.start();
  }

  private async start(): Promise<void> {
    this.problem = undefined;
    try {
      // With a code at hand an older session does not matter.
      if (!this.code) enter(await currentSession());
      this.unknownSession = false;
    } catch (error) {
      this.unknownSession = !(error instanceof ApiError && error.status === 401);
      if (this.unknownSession) this.problem = describe(error);
      else this.toSignIn();
    }
    this.loaded = true;
  }

  private async retry(): Promise<void> {
    await this.start();
    // The button that was pressed is gone when this went well.
    if (!this.unknownSession) void this.focusHeading();
  }

  private follow(): void {
    this.route = parseRoute(location.hash);
    this.problem = undefined;
    this.takeCode();
    if (this.unknownSession) void this.retry();
    else if (!currentUser() && this.route.screen !== "sign-in") this.toSignIn();
    else if (currentUser() && this.route.screen === "sign-in" && !this.code) go(address.keys);
  }

  private takeCode(): void {
    if (this.route.screen !== "sign-in" || this.route.code === undefined) return;
    this.code = this.route.code;
    history.replaceState(null, "", `${location.pathname}${address.signIn}`);
    this.route = { screen: "sign-in" };
  }

  private toSignIn(): void {
    if (this.route.screen !== "sign-in") {
      this.afterSignIn = location.hash || address.keys;
      history.replaceState(null, "", `${location.pathname}${address.signIn}`);
      this.route = { screen: "sign-in" };
    }
  }

  private sessionChanged(): void {
    this.problem = undefined;
    if (currentUser()) {
      this.code = "";
      this.reason = "";
      if (this.route.screen === "sign-in") {
        history.replaceState(null, "", `${location.pathname}${this.afterSignIn}`);
        this.route = parseRoute(this.afterSignIn);
        this.afterSignIn = address.keys;
      } else this.requestUpdate();
    } else {
      this.reason = this.leaving ? "signed-out" : "ended";
      this.toSignIn();
      this.leaving = false;
    }
  }

  private async signOut(): Promise<void> {
    try {
      await signOut();
    } catch (error) {
      this.problem = describe(error);
      return;
    }
    this.leaving = true;
    leave();
    this.afterSignIn = address.keys;
  }

  protected override updated(changed: PropertyValues): void {
    if (!this.loaded || !(changed.has("route") || changed.has("loaded"))) return;
    document.title = t.app.title(TITLES[this.route.screen]);
    const first = changed.get("loaded") === false;
    // On arrival the browser's own order of reading is right; afterwards the focus has to follow the screen.
    if (!first) void this.focusHeading();
  }

  private async focusHeading(): Promise<void> {
    await new Promise(requestAnimationFrame);
    scrollTo(0, 0);
    this.querySelector<HTMLElement>("main h1")?.focus({ preventScroll: true });
  }

  override render(): TemplateResult {
    return html`
      <a class="skip" href="#main" @click=${this.skip}>${t.app.skip}</a>
      ${this.header()}
      <main id="main" tabindex="-1">${this.main()}</main>
      <div id="announcements" class="visually-hidden" role="status" aria-live="polite"></div>
    `;
  }

  private main(): TemplateResult {
    if (!this.loaded) return html`<p class="page">${t.app.loading}</p>`;
    if (!this.unknownSession) return html`${problemNotice(this.problem)}${this.screen()}`;
    return html`<div class="page">
      <h1 tabindex="-1">${TITLES[this.route.screen]}</h1>
      ${problemNotice(this.problem)}
      ${this.problem ? html`<cds-button kind="tertiary" size="md" @click=${this.retry}>${t.app.retry}</cds-button>` : html`<p>${t.app.loading}</p>`}
    </div>`;
  }

  private skip(event: Event): void {
    event.preventDefault();
    this.querySelector<HTMLElement>("main")?.focus();
  }

  private header(): TemplateResult {
    const user = currentUser();
    return html`
      <header class="header">
        <a class="header__name" href=${address.keys}><strong>${t.app.name}</strong></a>
        ${user
          ? html`
              <nav class="header__nav" aria-label=${t.app.navigation}>
                ${NAVIGATION.map(
                  (item) => html`<a href=${item.href} aria-current=${(item.screens as readonly string[]).includes(this.route.screen) ? "page" : nothing}>${item.text}</a>`,
                )}
              </nav>
              <div class="header__end">
                ${user.instances.length > 1
                  ? html`<select class="header__instance" aria-label=${t.app.instance} @change=${(event: Event) => chooseInstance((event.target as HTMLSelectElement).value)}>
                      ${user.instances.map((one) => html`<option value=${one.id} ?selected=${one.id === instance().id}>${one.name} · ${one.region}</option>`)}
                    </select>`
                  : html`<span class="header__instance">${instance().name} · ${instance().region}</span>`}
                <button type="button" class="header__button" @click=${this.signOut}>${icon("signOut")}<span>${t.app.signOut}</span></button>
              </div>
            `
          : nothing}
      </header>
    `;
  }

  private screen(): TemplateResult {
    const { route } = this;
    if (!currentUser()) return html`<ev-sign-in .code=${this.code} .reason=${this.reason}></ev-sign-in>`;
    switch (route.screen) {
      case "sign-in":
      case "keys":
        return html`${keyed(instance().id, html`<ev-keys></ev-keys>`)}`;
      case "key-create":
        return html`${keyed("create", html`<ev-key-create></ev-key-create>`)}`;
      case "key-import":
        return html`${keyed("import", html`<ev-key-create importing></ev-key-create>`)}`;
      case "key":
        return html`${keyed(route.id, html`<ev-key .keyId=${route.id}></ev-key>`)}`;
      case "seal":
        return html`<ev-seal .wanted=${route.key ?? ""}></ev-seal>`;
      case "open":
        return html`<ev-open></ev-open>`;
      case "inspect":
        return html`<ev-inspect></ev-inspect>`;
      case "unknown":
        return html`<div class="page"><h1 tabindex="-1">${t.app.notFoundTitle}</h1><p class="lead">${t.app.notFoundText}</p><p><a class="link" href=${address.keys}>${t.app.toKeys}</a></p></div>`;
    }
  }
}
