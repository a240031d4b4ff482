/** The model session in Node's own thread: onnxruntime-web's WebAssembly, as on the page without a graphics device. */
import { openAsBlob, readdirSync } from 'node:fs';
import { join, sep } from 'node:path';
import type { AnsweringModel } from '../../src/assessment/run/run-assessment.ts';
import type { FolderFile, LoadedModel, PackageSource } from '../../workers/model/api.ts';
import { ModelSession } from '../../workers/model/model-session.ts';

export interface NodeModel {
  readonly client: AnsweringModel;
  readonly facts: LoadedModel;
}

/** Files of a package folder, `/` between the parts of a path on every system. */
async function filesOf(folder: string): Promise<FolderFile[]> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Promise.all(
    entries.map(async ({ parentPath, name }) => {
      const path = join(parentPath, name);
      const inside = path.slice(join(folder, sep).length).split(sep).join('/');
      return { path: inside, file: new File([await openAsBlob(path)], name) };
    }),
  );
}

/**
 * Loads a package from a folder or an address.
 *
 * @throws CodedError `model/*`; Error of the file system
 */
export async function loadModel(at: string): Promise<NodeModel> {
  const source: PackageSource = /^https?:\/\//.test(at)
    ? { kind: 'url', base: at.endsWith('/') ? at : `${at}/` }
    : { kind: 'files', files: await filesOf(at) };
  const session = new ModelSession();
  const facts = await session.load(source, { backend: 'wasm' }, () => {});
  let jobs = 0;
  const client: AnsweringModel = {
    encodeVision: (frames, order) => session.encodeVision(frames, order),
    async assess(request, onEvent, signal) {
      signal?.throwIfAborted();
      const job = ++jobs;
      const stop = () => session.abort(job);
      signal?.addEventListener('abort', stop);
      try {
        return await session.assess({ ...request, job }, (event) => {
          onEvent(event);
          return signal?.aborted !== true;
        });
      } finally {
        signal?.removeEventListener('abort', stop);
      }
    },
  };
  return { client, facts };
}
