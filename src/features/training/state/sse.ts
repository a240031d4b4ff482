/**
 * Server-Sent Events from a stream that is cut anywhere: the parsing of the HTML standard (§9.2.6), fed by hand, because
 * `EventSource` cannot send an Authorization header.
 */
export interface SseEvent {
  /** Last id seen up to and with this event; sent as Last-Event-ID when the stream is taken up again. */
  readonly id: string;
  /** `message` where the server names none. */
  readonly event: string;
  readonly data: string;
}

export interface SseParser {
  /** Takes the next piece of text and gives the events that it completes. */
  feed(piece: string): SseEvent[];
  /** Milliseconds that the server asks to wait before a new attempt, or null. */
  readonly retry: number | null;
}

/** @param lastId id to begin with, when an earlier stream is taken up again */
export function sseParser(lastId = ''): SseParser {
  let rest = '';
  let first = true;
  /** The last piece ended in CR: an LF at the start of the next one belongs to it. */
  let afterCr = false;
  let id = lastId;
  let event = '';
  let data: string[] = [];
  let retry: number | null = null;

  function line(text: string, done: SseEvent[]): void {
    if (text === '') {
      // Without data there is no event; its name is forgotten.
      if (data.length > 0) done.push({ id, event: event || 'message', data: data.join('\n') });
      event = '';
      data = [];
      return;
    }
    const colon = text.indexOf(':');
    if (colon === 0) return;
    const name = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? '' : text.slice(colon + 1).replace(/^ /, '');
    if (name === 'data') data.push(value);
    else if (name === 'event') event = value;
    else if (name === 'id' && !value.includes('\0')) id = value;
    else if (name === 'retry' && /^\d+$/.test(value)) retry = Number(value);
  }

  return {
    feed(piece) {
      const done: SseEvent[] = [];
      if (piece === '') return done;
      let text = piece;
      if (first) {
        text = text.replace(/^\uFEFF/, '');
        first = false;
      }
      if (afterCr && text.startsWith('\n')) text = text.slice(1);
      if (text !== '') afterCr = text.endsWith('\r');
      const lines = (rest + text).split(/\r\n|\n|\r/);
      rest = lines.pop() ?? '';
      for (const one of lines) line(one, done);
      return done;
    },
    get retry() {
      return retry;
    },
  };
}
