/**
 * What all screens and light-DOM elements of the console share.
 *
 * *Invariant:* renders into the page itself, so that one style sheet, labels and landmarks reach everything.
 */

import { LitElement } from "lit";

export class View extends LitElement {
  protected override createRenderRoot(): HTMLElement {
    return this;
  }
}

/** Says a sentence to people who use a screen reader, without moving their focus. */
export function announce(text: string): void {
  const region = document.getElementById("announcements");
  if (!region) return;
  // Emptied first: a region whose text stays the same is not read out again.
  region.textContent = "";
  setTimeout(() => (region.textContent = text), 50);
}
