/** Address of a repository of a model hub, as a person gives it. Ours. */

export interface HubAddress {
  /** Origin of the hub, e.g. `https://huggingface.co`. */
  readonly endpoint: string;
  /** `OWNER/NAME`. */
  readonly repository: string;
  /** Branch, tag or commit. */
  readonly revision: string;
}

export const defaultHub = 'https://huggingface.co';
/** Hosts of one hub. */
const ALIASES = new Set(['huggingface.co', 'www.huggingface.co', 'hf.co']);
const PART = /^(?!\.+$)[\w.-]{1,96}$/;
const REVISION = /^(?!.*\.\.)[\w.][\w./-]{0,199}$/;

function checked(endpoint: string, parts: readonly (string | undefined)[], revision: string) {
  const [owner, name] = parts;
  if (owner === undefined || name === undefined || !PART.test(owner) || !PART.test(name)) return null;
  if (!REVISION.test(revision)) return null;
  return { endpoint, repository: `${owner}/${name}`, revision };
}

/**
 * Reads `hf:OWNER/NAME@REVISION`, `OWNER/NAME`, and a repository's page (`https://HOST/OWNER/NAME/tree/REVISION`). Without a
 * revision it is `main`.
 *
 * @param hub origin of the hub of an address without a host
 * @returns null for any other text
 */
export function hubAddress(text: string, hub: string = defaultHub): HubAddress | null {
  const trimmed = text.trim();
  const bareHost = /^(?:www\.)?(?:huggingface\.co|hf\.co)\//i.test(trimmed);
  const page = /^(https?):\/\/([^/?#@\s]+)(?:\/([^?#]*))?/i.exec(bareHost ? `https://${trimmed}` : trimmed);
  if (page === null) {
    const [path = '', revision = 'main', ...rest] = trimmed.replace(/^hf:(\/\/)?/i, '').split('@');
    const parts = path.split('/');
    if (rest.length > 0 || parts.length !== 2) return null;
    return checked(hub.replace(/\/+$/, ''), parts, revision);
  }
  const [, scheme, host, path = ''] = page;
  const origin = `${scheme}://${host}`.toLowerCase();
  const endpoint = ALIASES.has(host!.toLowerCase()) ? defaultHub : origin;
  const [owner, last, view, at, ...below] = path
    .split('/')
    .filter((part) => part !== '')
    .map(decoded);
  const [name, revision] = (last ?? '').split('@');
  if (view === undefined) return checked(endpoint, [owner, name], revision ?? 'main');
  // A folder of a repository is no checkpoint that a hub lists.
  if (!/^(tree|blob|resolve)$/.test(view) || (view === 'tree' && below.length > 0)) return null;
  return checked(endpoint, [owner, name], at ?? 'main');
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
