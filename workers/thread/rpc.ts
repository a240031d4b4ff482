/**
 * Calls between the page and its workers: comlink, with errors that keep their code (comlink passes only name, message
 * and stack).
 */
import * as Comlink from 'comlink';
import { CodedError, type CodedErrorData } from '../../core/errors.ts';

interface Thrown {
  value: unknown;
}

type Wire = { coded: CodedErrorData } | { name: string; message: string; stack?: string | undefined };

const stock = Comlink.transferHandlers.get('throw') as Comlink.TransferHandler<Thrown, unknown>;

const handler: Comlink.TransferHandler<Thrown, Wire> = {
  canHandle: (value): value is Thrown => stock.canHandle(value),
  serialize({ value }) {
    if (value instanceof CodedError) return [{ coded: value.toData() }, []];
    if (value instanceof Error) return [{ name: value.name, message: value.message, stack: value.stack }, []];
    return [{ name: 'Error', message: String(value) }, []];
  },
  deserialize(wire): never {
    if ('coded' in wire) throw CodedError.fromData(wire.coded);
    if (wire.name === 'AbortError') throw new DOMException(wire.message, 'AbortError');
    throw Object.assign(new Error(wire.message), { name: wire.name, stack: wire.stack });
  },
};

Comlink.transferHandlers.set('throw', handler);

/** The error of a worker's `error` event. A script that could not be fetched gives an event without a message. */
export function workerFailure(event: ErrorEvent): Error {
  return event.message ? new Error(event.message) : new CodedError('app/part');
}

/** Rejects when the worker cannot start or fails; calls to it would then never settle. */
export function workerFailed(worker: Worker): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  worker.addEventListener('error', (event) => reject(workerFailure(event)));
  return promise;
}

/**
 * Releases a callback of another thread. Otherwise its channel stays open on both sides until this thread collects its
 * garbage. No effect on a function of this thread.
 */
export function releaseCallback(callback: unknown): void {
  (callback as Partial<Comlink.ProxyMethods>)[Comlink.releaseProxy]?.();
}

export { expose, proxy, type Remote, releaseProxy, transfer, wrap } from 'comlink';
