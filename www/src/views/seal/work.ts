/**
 * What sealing and opening a file have in common on the screen: progress, cancel, the result to download, failures.
 *
 * *Invariant:* the result lives in memory until it is downloaded or the screen is left, and nowhere else.
 */

import "@carbon/web-components/es/components/button/index.js";
import { html, nothing, type TemplateResult } from "lit";
import { state } from "lit/decorators.js";
import { icon } from "../../components/icon.js";
import { notice, problemNotice } from "../../components/notice.js";
import { announce, View } from "../../components/view.js";
import { showExactSize, showSeconds, showSize } from "../../format.js";
import { t } from "../../messages/en.js";
import { describe, describeSeal, type Problem } from "../../problem.js";
import { JobFailed, runBytes } from "./job.js";
import type { Job } from "./protocol.js";

interface Running {
  name: string;
  done: number;
  total: number;
  abort: AbortController;
}

interface Result {
  name: string;
  size: number;
  url: string;
  milliseconds: number;
}

export interface Words {
  working: (name: string) => string;
  preparing: string;
  doneTitle: string;
  doneText: (name: string, size: string, seconds: string) => string;
  download: string;
  another: string;
}

/** Spoken progress comes in quarters; every percent would drown everything else. */
const SPOKEN_STEP = 25;

export abstract class FileWork extends View {
  @state() protected running: Running | undefined;
  @state() protected result: Result | undefined;
  @state() protected problem: Problem | undefined;
  @state() protected file: File | undefined;
  protected abstract readonly words: Words;

  override disconnectedCallback(): void {
    this.running?.abort.abort();
    this.forget();
    super.disconnectedCallback();
  }

  protected forget(): void {
    if (this.result) URL.revokeObjectURL(this.result.url);
    this.result = undefined;
    this.problem = undefined;
  }

  protected async work(job: Exclude<Job, { verb: "inspect" }>, source: string, target: string): Promise<void> {
    this.forget();
    const abort = new AbortController();
    const started = performance.now();
    this.running = { name: source, done: 0, total: job.file.size, abort };
    announce(this.words.working(source));
    void this.updateComplete.then(() => this.querySelector<HTMLElement>(".progress cds-button")?.focus());
    try {
      const bytes = await runBytes(job, { signal: abort.signal, onProgress: (done, total) => this.advance(done, total) });
      const url = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
      this.result = { name: target, size: bytes.byteLength, url, milliseconds: performance.now() - started };
    } catch (error) {
      if (abort.signal.aborted) announce(t.seal.cancelled);
      else this.problem = error instanceof JobFailed ? describeSeal(error.failure) : describe(error);
    } finally {
      this.running = undefined;
    }
    await this.updateComplete;
    this.querySelector<HTMLElement>(this.result ? ".result a" : "[data-submit]")?.focus();
  }

  private advance(done: number, total: number): void {
    if (!this.running || total === 0) return;
    const spoken = (n: number): number => Math.floor((n * 100) / total / SPOKEN_STEP);
    if (spoken(done) > spoken(this.running.done) && done < total) announce(t.seal.percent(spoken(done) * SPOKEN_STEP));
    this.running = { ...this.running, done, total };
  }

  /** The lower half of the screen: what is going on or what came of it. */
  protected outcome(): TemplateResult {
    return html`${this.running ? this.progress(this.running) : nothing} ${problemNotice(this.problem)} ${this.result ? this.finished(this.result) : nothing}`;
  }

  private progress({ name, done, total, abort }: Running): TemplateResult {
    const percent = total > 0 ? Math.floor((done * 100) / total) : 0;
    return html`
      <div class="progress">
        <div class="progress__line">
          <span id="progress-label">${this.words.working(name)}</span>
          <span data-testid="percent">${done > 0 ? t.seal.percent(percent) : nothing}</span>
        </div>
        <progress aria-labelledby="progress-label" max="100" .value=${percent}></progress>
        <div class="progress__line">
          <span>${done > 0 ? t.seal.progress(showSize(done), showSize(total)) : this.words.preparing}</span>
        </div>
        <div><cds-button kind="secondary" size="md" type="button" @click=${() => abort.abort()}>${t.app.cancel}</cds-button></div>
      </div>
    `;
  }

  private finished(result: Result): TemplateResult {
    return html`
      <div class="result" data-testid="result">
        ${notice("success", this.words.doneTitle, this.words.doneText(result.name, showExactSize(result.size), showSeconds(result.milliseconds)))}
        <div class="form__buttons">
          <a class="download" href=${result.url} download=${result.name}>${this.words.download}${icon("download")}</a>
          <cds-button kind="ghost" type="button" @click=${this.startOver}>${this.words.another}</cds-button>
        </div>
      </div>
    `;
  }

  protected startOver(): void {
    this.forget();
    this.file = undefined;
    void this.updateComplete.then(() => this.querySelector<HTMLElement>('input[type="file"]')?.focus());
  }
}
