/**
 * A modal question on the browser's own dialog element, which keeps focus inside and gives it back.
 *
 * *Invariant:* closes only by its owner, the Escape key or its buttons; never by a stray click beside it.
 */

import { css, html, LitElement, type PropertyValues } from "lit";
import { customElement, property, query } from "lit/decorators.js";

@customElement("ev-dialog")
export class Dialog extends LitElement {
  @property() heading = "";
  @property({ type: Boolean }) busy = false;
  @query("dialog") private readonly dialog!: HTMLDialogElement;

  static override styles = css`
    dialog {
      inline-size: min(40rem, calc(100vw - 2rem));
      max-block-size: calc(100vh - 4rem);
      padding: 0;
      border: 0;
      color: var(--cds-text-primary);
      background: var(--cds-layer-01);
      box-shadow: 0 2px 12px rgb(0 0 0 / 40%);
    }
    dialog::backdrop {
      background: var(--cds-overlay);
    }
    header,
    .body {
      padding-inline: 1rem;
    }
    header {
      padding-block: 1.25rem 0.5rem;
    }
    h2 {
      margin: 0;
      font-size: 1.25rem;
      font-weight: 400;
      line-height: 1.4;
      overflow-wrap: anywhere;
    }
    .body {
      padding-block-end: 2rem;
      font-size: 0.875rem;
      line-height: 1.43;
    }
    footer {
      display: grid;
      grid-template-columns: 1fr 1fr;
    }
    ::slotted([slot="action"]) {
      inline-size: 100%;
    }
  `;

  protected override firstUpdated(): void {
    this.dialog.showModal();
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has("busy")) this.dialog.setAttribute("aria-busy", String(this.busy));
  }

  override disconnectedCallback(): void {
    this.dialog.close();
    super.disconnectedCallback();
  }

  private cancel(event: Event): void {
    event.preventDefault();
    if (!this.busy) this.dispatchEvent(new CustomEvent("ev-cancel"));
  }

  /** Browsers let nobody hold a dialog open for good: a further Escape closes it without asking. */
  private closed(): void {
    if (!this.isConnected) return;
    if (this.busy) this.dialog.showModal();
    else this.dispatchEvent(new CustomEvent("ev-cancel"));
  }

  override render(): unknown {
    return html`
      <dialog aria-labelledby="heading" @cancel=${this.cancel} @close=${this.closed}>
        <header><h2 id="heading">${this.heading}</h2></header>
        <div class="body"><slot></slot></div>
        <footer><slot name="action"></slot></footer>
      </dialog>
    `;
  }
}
