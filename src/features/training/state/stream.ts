/**
 * Events of a run, read by `fetch` (the token travels in a header) and taken up again where they broke off: with
 * Last-Event-ID, after a wait that doubles, for as long as the reader stays.
 */
import type { CodedError } from '../../../../core/errors.ts';
import { type SseEvent, sseParser } from './sse.ts';

/** Waits between attempts in ms; the last one is repeated. */
const BACKOFF_MS = [1000, 2000, 4000, 8000, 15_000] as const;
/** Part of a wait that is drawn, so that many pages do not come back in the same moment. */
const JITTER = 0.2;

export type StreamState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  /** Broken off; `lastContactAt` and `nextAt` as `now()` gives them, `lastContactAt` null when nothing was ever heard. */
  | { readonly kind: 'waiting'; readonly lastContactAt: number | null; readonly nextAt: number }
  /** The server said no (token, unknown run): no further attempt. */
  | { readonly kind: 'refused'; readonly error: CodedError };

export interface StreamOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly onEvent: (event: SseEvent) => void;
  readonly onState: (state: StreamState) => void;
  /** Turns a refusal into an error; null = try again (the server is busy or starting). */
  readonly refusal: (response: Response) => Promise<CodedError | null>;
  /** Longest silence in ms before the connection counts as dead; the server sends comments in between. */
  readonly silenceMs?: number;
  readonly fetch?: typeof globalThis.fetch;
  readonly now?: () => number;
  readonly random?: () => number;
  readonly lastEventId?: string;
}

export interface Stream {
  /** Does not wait for the next attempt any longer. */
  retry(): void;
  stop(): void;
}

/** Wait before attempt `attempt` (0 = the first after a break), in ms. */
export function backoff(attempt: number, random: number, asked: number | null = null): number {
  const base = BACKOFF_MS[Math.min(attempt, BACKOFF_MS.length - 1)]!;
  return Math.round(Math.max(base, asked ?? 0) * (1 - JITTER / 2 + JITTER * random));
}

export function followEvents(options: StreamOptions): Stream {
  const { url, headers, onEvent, onState, refusal, silenceMs = 45_000 } = options;
  const { now = Date.now, random = Math.random } = options;
  const ask = options.fetch ?? globalThis.fetch.bind(globalThis);
  let lastId = options.lastEventId ?? '';
  let lastContactAt: number | null = null;
  let attempt = 0;
  let asked: number | null = null;
  let controller = new AbortController();
  let wake: (() => void) | null = null;
  let stopped = false;

  /** One connection, until it ends. Throws what broke it. */
  async function read(): Promise<void> {
    controller = new AbortController();
    const { signal } = controller;
    let silence: ReturnType<typeof setTimeout> | undefined;
    const markContact = () => {
      lastContactAt = now();
      clearTimeout(silence);
      silence = setTimeout(() => controller.abort(), silenceMs);
    };
    try {
      silence = setTimeout(() => controller.abort(), silenceMs);
      const response = await ask(url, {
        headers: {
          ...headers,
          Accept: 'text/event-stream',
          ...(lastId === '' ? {} : { 'Last-Event-ID': lastId }),
        },
        cache: 'no-store',
        signal,
      });
      if (!response.ok || !response.body) {
        const error = await refusal(response);
        if (!error) throw new Error(`status ${response.status}`);
        stopped = true;
        onState({ kind: 'refused', error });
        return;
      }
      markContact();
      attempt = 0;
      onState({ kind: 'live' });
      const parser = sseParser(lastId);
      const text = new TextDecoder();
      const reader = response.body.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done || stopped) break;
        markContact();
        for (const event of parser.feed(text.decode(value, { stream: true }))) {
          onEvent(event);
          // After it was taken: what broke off in between is asked for again.
          lastId = event.id;
        }
        asked = parser.retry;
      }
    } finally {
      clearTimeout(silence);
      controller.abort();
    }
  }

  async function run(): Promise<void> {
    while (!stopped) {
      if (lastContactAt === null && attempt === 0) onState({ kind: 'connecting' });
      // Why it broke does not matter here: whatever it was, the answer is to try again.
      await read().catch(() => {});
      if (stopped) return;
      const wait = backoff(attempt, random(), asked);
      attempt += 1;
      onState({ kind: 'waiting', lastContactAt, nextAt: now() + wait });
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, wait);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      wake = null;
    }
  }

  void run();
  return {
    retry: () => wake?.(),
    stop() {
      stopped = true;
      controller.abort();
      wake?.();
    },
  };
}
