/** `vqathinker/element`: the custom element `<video-quality src="…">`. One script, one worker, no inline style. */
import { viewAnswer } from '../../core/answer/answer-stream.ts';
import type { Grade } from '../../core/answer/grades.ts';
import { CodedError, isAbort } from '../../core/errors.ts';
import { errorText } from '../../core/text/error-messages.ts';
import type { Lang } from '../../core/text/lang.ts';
import { mediaNoticeText } from '../../core/text/media-notices.ts';
import { videoAddress } from '../../src/assessment/run/fetch-video.ts';
import type { ScoreProgress, VideoScore } from '../video-score.ts';
import { type ElementMessages, elementMessages } from './element-messages.ts';
import { elementStyle } from './element-style.ts';
import { isSupported, type OpenModel, openModel } from './index.ts';

export type ElementState = 'idle' | 'loading' | 'running' | 'done' | 'error';

/** The open models of this page by their addresses: elements share one worker. */
const models = new Map<string, Promise<OpenModel>>();

function sharedModel(address: string, onBytes: (done: number, total: number) => void): Promise<OpenModel> {
  const open =
    models.get(address) ??
    openModel({
      ...(address && { model: address }),
      onProgress: ({ loadedBytes, totalBytes }) => onBytes(loadedBytes, totalBytes),
    });
  models.set(address, open);
  // The next try opens it anew.
  open.catch(() => models.delete(address));
  return open;
}

function make<K extends keyof HTMLElementTagNameMap>(
  name: K,
  properties: Partial<Pick<HTMLElement, 'className' | 'textContent'>> = {},
  ...children: readonly Node[]
): HTMLElementTagNameMap[K] {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

/**
 * Attributes: `src` address of the video; `lang` en or zh, else that of the page; `text` shows the model's text too;
 * `model` address of another package folder.
 *
 * Nothing is fetched before `start()` or its button. Events, which bubble: `video-quality-score` with the `VideoScore` as
 * `detail`, `video-quality-error` with the error.
 */
export class VideoQualityElement extends HTMLElement {
  static readonly observedAttributes: readonly string[] = ['src', 'lang', 'text', 'model'];
  readonly #root = this.attachShadow({ mode: 'open' });
  #state: ElementState = 'idle';
  #run: AbortController | null = null;
  #result: VideoScore | null = null;
  #error: unknown = null;
  #live: { readonly status: HTMLElement; readonly bar: HTMLProgressElement } | null = null;

  constructor() {
    super();
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(elementStyle);
    this.#root.adoptedStyleSheets = [sheet];
  }

  get state(): ElementState {
    return this.#state;
  }

  /** The finished score; null before. */
  get score(): VideoScore | null {
    return this.#result;
  }

  connectedCallback(): void {
    this.#show(this.#state);
  }

  disconnectedCallback(): void {
    // An element that is moved is connected again before this microtask.
    queueMicrotask(() => {
      if (!this.isConnected) this.stop();
    });
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (before === now) return;
    if (name === 'src' || name === 'model') {
      this.stop();
      this.#result = null;
      this.#show('idle');
    } else if (this.#state !== 'loading' && this.#state !== 'running') this.#show(this.#state);
  }

  get #lang(): Lang {
    const lang = this.closest('[lang]')?.getAttribute('lang') ?? navigator.language;
    return /^zh\b/i.test(lang) ? 'zh' : 'en';
  }

  get #t(): ElementMessages {
    return elementMessages[this.#lang];
  }

  get #address(): URL | null {
    const src = this.getAttribute('src');
    return src && URL.canParse(src, document.baseURI) ? new URL(src, document.baseURI) : null;
  }

  stop(): void {
    this.#run?.abort(new DOMException('The score was stopped.', 'AbortError'));
  }

  /** Fetches the model and the video, and scores it. Resolves when it has ended in any way. */
  async start(): Promise<void> {
    this.stop();
    const run = new AbortController();
    this.#run = run;
    const { signal } = run;
    this.#show('loading');
    try {
      const address = videoAddress(this.getAttribute('src') ?? '', document.baseURI);
      const model = await this.#modelFor(signal);
      const result = await model.score(address, {
        signal,
        onProgress: (progress) => this.#progress(progress),
      });
      this.#result = result;
      this.#end(run, 'done');
      this.dispatchEvent(new CustomEvent('video-quality-score', { detail: result, bubbles: true }));
    } catch (error) {
      if (signal.aborted || isAbort(error)) return this.#end(run, 'idle');
      this.#error = error;
      this.#end(run, 'error');
      this.dispatchEvent(new CustomEvent('video-quality-error', { detail: error, bubbles: true }));
    }
  }

  /** Another element may still want the model: a stop ends the wait, not the load. */
  async #modelFor(signal: AbortSignal): Promise<OpenModel> {
    const model = sharedModel(this.getAttribute('model') ?? '', (done, total) =>
      this.#say(this.#t.model(done, total), done, total),
    );
    const { promise, reject } = Promise.withResolvers<never>();
    const stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop);
    try {
      return await Promise.race([model, promise]);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  #end(run: AbortController, state: ElementState): void {
    if (this.#run !== run) return;
    this.#run = null;
    this.#show(state);
  }

  #progress({ stage, done, total }: ScoreProgress): void {
    if (stage !== 'fetch' && this.#state === 'loading') this.#show('running');
    if (stage === 'fetch') this.#say(this.#t.video(done, total), done, total);
    else if (stage === 'decode') this.#say(this.#t.decoding(done, total ?? 0), done, total);
    else this.#say(this.#t.assessing);
  }

  #say(text: string, done?: number, total?: number): void {
    if (!this.#live) return;
    const { status, bar } = this.#live;
    if (status.textContent !== text) status.textContent = text;
    if (done !== undefined && total) {
      bar.max = total;
      bar.value = done;
    } else bar.removeAttribute('value');
  }

  /** Draws a state; keeps the keyboard's focus on the button that takes the pressed one's position. */
  #show(state: ElementState): void {
    const focused = this.#root.activeElement !== null;
    this.#state = state;
    this.setAttribute('data-state', state);
    this.#live = null;
    const body = make('section', {}, ...this.#content(state));
    body.setAttribute('aria-label', this.#t.region);
    this.#root.replaceChildren(body);
    if (focused) this.#root.querySelector<HTMLElement>('button, [tabindex]')?.focus();
  }

  #content(state: ElementState): Node[] {
    if (state === 'idle') return this.#idle();
    if (state === 'done') return this.#done(this.#result!);
    if (state === 'error') return this.#failed();
    const status = make('p', { className: 'status', textContent: this.#t.model(0, 0) });
    status.setAttribute('role', 'status');
    const bar = make('progress');
    bar.setAttribute('aria-label', this.#t.region);
    this.#live = { status, bar };
    return [
      make(
        'div',
        { className: 'line' },
        status,
        bar,
        this.#button(this.#t.stop, () => this.stop()),
      ),
    ];
  }

  #button(text: string, press: () => void, main = false): HTMLButtonElement {
    const button = make('button', { className: main ? 'main' : '', textContent: text });
    button.type = 'button';
    button.addEventListener('click', press);
    return button;
  }

  #idle(): Node[] {
    const address = this.#address;
    const about = (textContent: string) => make('p', { className: 'about', textContent });
    if (!address) return [about(this.#t.noAddress)];
    if (!isSupported()) return [about(this.#t.unsupported)];
    const start = this.#button(this.#t.start, () => void this.start(), true);
    return [make('div', { className: 'line' }, start, about(this.#t.about(address.host)))];
  }

  #done({ score, band, text, notices }: VideoScore): Node[] {
    const t = this.#t;
    const line = make('div', { className: 'band' });
    line.setAttribute('role', 'status');
    // Takes the focus of the pressed button, so that the keyboard does not fall back to the page's start.
    line.tabIndex = -1;
    if (score === null || band === null) line.append(make('p', { textContent: t.noScore }));
    else {
      line.dataset.band = String(band);
      const grade = t.grades[band as Grade];
      line.append(
        make(
          'p',
          { className: 'score' },
          make('strong', { textContent: score.toFixed(2) }),
          make('span', { textContent: grade }),
        ),
      );
      line.setAttribute('aria-label', t.score(score.toFixed(2), grade));
    }
    const parts: Node[] = [line];
    if (this.hasAttribute('text'))
      parts.push(make('p', { className: 'text', textContent: viewAnswer(text).thinking.trim() }));
    if (notices.length > 0)
      parts.push(
        make(
          'ul',
          { className: 'notices' },
          ...notices.map((notice) => make('li', { textContent: mediaNoticeText(this.#lang, notice) })),
        ),
      );
    return parts;
  }

  #failed(): Node[] {
    const error = this.#error;
    const coded = error instanceof CodedError ? errorText(this.#lang, error.code, error.params) : undefined;
    const text = coded
      ? `${coded.title} ${coded.body}`
      : error instanceof Error
        ? error.message
        : String(error);
    const message = make('p', { className: 'status', textContent: text });
    message.setAttribute('role', 'alert');
    return [
      make(
        'div',
        { className: 'line' },
        message,
        this.#button(this.#t.again, () => void this.start()),
      ),
    ];
  }
}

if (!customElements.get('video-quality')) customElements.define('video-quality', VideoQualityElement);

declare global {
  interface HTMLElementTagNameMap {
    'video-quality': VideoQualityElement;
  }
}
