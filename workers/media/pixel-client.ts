/** The media worker's side of the pixel worker: started with the first frame, again when it has died. */
import { PendingCalls } from '../thread/pending-calls.ts';
import { type Remote, transfer, wrap } from '../thread/rpc.ts';
import type { PixelApi } from './frame-images.ts';

interface Connection {
  readonly api: Remote<PixelApi>;
  /** Ends when the worker dies. */
  readonly pending: PendingCalls;
}

let connection: Connection | undefined;

function connect(): Connection {
  if (connection) return connection;
  const worker = new Worker(new URL('./pixel-worker.ts', import.meta.url), {
    type: 'module',
    name: 'pixels',
  });
  const made = { api: wrap<PixelApi>(worker), pending: new PendingCalls() };
  const drop = (message: string) => {
    if (connection === made) connection = undefined;
    worker.terminate();
    made.pending.rejectAll(new Error(message));
  };
  worker.addEventListener('error', (event) => drop(event.message || 'The pixel worker ended.'));
  worker.addEventListener('messageerror', () => drop('The pixel worker sent what cannot be read.'));
  connection = made;
  return made;
}

/** Starts the worker, so that the first frame does not wait for it. */
export function preparePixels(): void {
  connect();
}

/** Frames go over to the pixel worker, which closes them. Rejects when that worker dies. */
export const pixels: PixelApi = {
  images: (frame, ...rest) => {
    const { api, pending } = connect();
    return pending.track(api.images(transfer(frame, [frame]), ...rest));
  },
  image: (frame, ...rest) => {
    const { api, pending } = connect();
    return pending.track(api.image(transfer(frame, [frame]), ...rest));
  },
  planes: (frame, ...rest) => {
    const { api, pending } = connect();
    return pending.track(api.planes(transfer(frame, [frame]), ...rest));
  },
};
