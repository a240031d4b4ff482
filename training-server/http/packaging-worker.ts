/** One conversion, in a worker thread. */
import { createHash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { CheckpointFolder, PackageFolder } from '../../convert/folder.node.ts';
import { convertCheckpoint, readVariants } from '../../convert/package.ts';
import { CodedError, type CodedErrorData, isAbort } from '../../core/errors.ts';
import type { Digest } from '../../core/files/sha256.ts';

export interface PackagingOrder {
  readonly checkpoint: string;
  readonly target: string;
  readonly name: string;
  readonly variants: string;
  readonly range: readonly [0 | 1, 5];
}

export type PackagingMessage = { done: number } | { error: CodedErrorData } | { finished: true };

/** Share of writing in the progress; the rest is hashing. */
const WRITING = 0.9;

function digest(): Digest {
  const hash = createHash('sha256');
  return { update: (bytes) => void hash.update(bytes), hex: () => hash.digest('hex') };
}

const say = (message: PackagingMessage) => parentPort?.postMessage(message);

async function main({ checkpoint, target, name, variants, range }: PackagingOrder): Promise<void> {
  const stop = new AbortController();
  parentPort?.once('message', () => stop.abort());
  let reported = 0;
  try {
    await convertCheckpoint(new CheckpointFolder(checkpoint), new PackageFolder(target), {
      variants: readVariants(variants),
      // Not measured against human scores: a range without percentiles.
      about: { name, metrics: [], scale: { kind: 'unmeasured', range: range[0] === 0 ? [0, 5] : [1, 5] } },
      // Packages are copied to other machines: no local path in them.
      command: `npm run convert -- CHECKPOINT OUT --variants ${variants}`,
      digest,
      signal: stop.signal,
      onProgress: ({ stage, done, total }) => {
        const share = done / Math.max(1, total);
        const all = stage === 'write' ? WRITING * share : WRITING + (1 - WRITING) * share;
        if (all - reported < 0.005) return;
        reported = all;
        say({ done: all });
      },
    });
    say({ finished: true });
  } catch (error) {
    const coded =
      error instanceof CodedError
        ? error
        : new CodedError(isAbort(error) ? 'train/closing' : 'app/unexpected', {}, String(error));
    say({ error: coded.toData() });
  } finally {
    parentPort?.close();
  }
}

await main(workerData as PackagingOrder);
