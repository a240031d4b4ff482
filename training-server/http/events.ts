/**
 * Server-Sent Events of a run (HTML standard §9.2). Events are numbered, so that a client that reconnects with Last-Event-ID
 * gets those it missed; a comment every 15 s keeps the connection alive; a client that does not read is disconnected.
 */
import type { ServerResponse } from 'node:http';
import { CodedError } from '../../core/errors.ts';
import type { RunEvent } from '../../core/training/run.ts';
import type { Runs } from '../runs/api.ts';

export interface EventLimits {
  readonly clients: number;
  readonly keepAliveMs: number;
  /** Most bytes that may wait for one client. */
  readonly backlog: number;
}

export const EVENT_LIMITS: EventLimits = { clients: 64, keepAliveMs: 15_000, backlog: 8 << 20 };

/** One event in wire format; its JSON contains no line breaks. An event without an id leaves the client's last id. */
export function formatEvent(event: RunEvent, id?: number): string {
  const head = id === undefined ? '' : `id: ${id}\n`;
  return `${head}event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

/** Resolves when the client has read what was written, or is gone. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.once('drain', done);
    response.once('close', done);
  });
}

export class EventStreams {
  readonly #limits: EventLimits;
  readonly #open = new Map<ServerResponse, () => void>();

  constructor(limits: EventLimits = EVENT_LIMITS) {
    this.#limits = limits;
  }

  get clients(): number {
    return this.#open.size;
  }

  /**
   * Streams a run's events until the client or the server disconnects: the present run, then the events after `since`, or only
   * new ones without it.
   * @throws `train/busy` {limit}, `train/run` {id}
   */
  serve(
    runs: Runs,
    id: string,
    response: ServerResponse,
    headers: Record<string, string>,
    since?: number,
  ): void {
    const { clients, keepAliveMs, backlog } = this.#limits;
    if (this.#open.size >= clients) throw new CodedError('train/busy', { limit: clients });
    const run = runs.get(id);
    response.writeHead(200, {
      ...headers,
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
    });
    // No Nagle delay: small events must not wait for acknowledgements.
    response.socket?.setNoDelay(true);
    let unsubscribe = () => {};
    const leave = () => {
      clearInterval(alive);
      unsubscribe();
      this.#open.delete(response);
    };
    const write = (text: string): Promise<void> | undefined => {
      if (response.destroyed || response.writableEnded) return undefined;
      const taken = response.write(text);
      // The client can reconnect with its last id; nothing is buffered for it until then.
      if (response.writableLength > backlog) response.destroy();
      return taken ? undefined : drained(response);
    };
    // A client that does not read gets no sign of life either, so that the silence ends its connection.
    const alive = setInterval(() => {
      if (!response.writableNeedDrain) void write(': alive\n\n');
    }, keepAliveMs);
    this.#open.set(response, leave);
    response.on('close', leave);
    void write(`retry: 2000\n${formatEvent({ type: 'run', run })}`);
    // Old events wait until the client has read those before; new ones are buffered up to the backlog.
    unsubscribe = runs.subscribe(id, ({ id: number, event }) => write(formatEvent(event, number)), since);
    // The client may have disconnected while old events were written.
    if (response.destroyed) leave();
  }

  /** Ends every stream. */
  close(): void {
    for (const [response, leave] of this.#open) {
      leave();
      response.end();
    }
  }
}
