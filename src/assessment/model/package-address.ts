/** Address of a package as a person gives it, and the addresses of its files. */
import { CodedError } from '../../../core/errors.ts';
import type { PackageAddress } from '../../../workers/packages/api.ts';

const MANIFEST = 'manifest.json';
const HUBS = new Set(['huggingface.co', 'www.huggingface.co', 'hf.co']);
/** Kinds of repositories that have their kind before their owner. */
const KINDS = new Set(['datasets', 'spaces']);

/**
 * Folder of the files of a Hugging Face repository: its pages (`/OWNER/NAME`, `…/tree/REVISION/FOLDER`,
 * `…/blob/REVISION/FILE`) are no files. Without a revision it is `main`.
 */
function hubFiles(page: URL): URL {
  const parts = page.pathname.split('/').filter(Boolean);
  const kind = KINDS.has(parts[0] ?? '') ? parts.splice(0, 1) : [];
  const [owner, name, view, revision = 'main', ...path] = parts;
  if (owner === undefined || name === undefined || view === 'resolve') return page;
  const files = new URL(page);
  files.hostname = 'huggingface.co';
  files.search = '';
  files.hash = '';
  files.pathname = ['', ...kind, owner, name, 'resolve', revision, ...path].join('/');
  return files;
}

/** The content policy of this page allows http only for this machine and for the page's own server. */
function isReadable({ protocol, hostname, origin }: URL): boolean {
  if (protocol === 'https:') return true;
  const here = globalThis.location?.origin === origin;
  return protocol === 'http:' && (here || hostname === '127.0.0.1' || hostname === 'localhost');
}

/**
 * The folder of a manifest's address is where its files lie. `https://` may be left out.
 *
 * @throws CodedError `model/address` {address}: no address, or one that a page may not read
 */
export function addressOf(text: string, headers: Readonly<Record<string, string>> = {}): PackageAddress {
  const address = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `https://${text}`;
  const given = URL.canParse(address) ? new URL(address) : null;
  if (!given || !isReadable(given)) throw new CodedError('model/address', { address: text });
  const manifest = HUBS.has(given.hostname) ? hubFiles(given) : given;
  if (!manifest.pathname.endsWith('.json')) {
    if (!manifest.pathname.endsWith('/')) manifest.pathname += '/';
    manifest.pathname += MANIFEST;
  }
  return { manifestUrl: manifest.href, filesBase: new URL('./', manifest).href, headers };
}
