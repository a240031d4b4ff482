/** The model session in Node's own thread: onnxruntime-web's WebAssembly, as on the page without a graphics device. */
import { openAsBlob, readdirSync } from 'node:fs';
import { join, sep } from 'node:path';
import { type ThreadModel, threadModel } from '../../library/in-thread.ts';
import type { FolderFile, PackageSource } from '../../workers/model/api.ts';
import { ModelSession } from '../../workers/model/model-session.ts';

export type NodeModel = ThreadModel;

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
  return threadModel(session, await session.load(source, { backend: 'wasm' }, () => {}));
}
