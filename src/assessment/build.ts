/**
 * The build that this tab runs, against the one on the server. Parts of the page are fetched when they are first needed;
 * after an update of the server the old ones are gone, and an open tab shows that instead of an unexplained failure.
 */
import { createStore } from 'zustand/vanilla';
import { CodedError } from '../../core/errors.ts';

export interface BuildState {
  /** The server has another build than this tab. */
  readonly updated: boolean;
}

export const build = createStore<BuildState>(() => ({ updated: false }));

/** Address of the script that this page began with; its name is that of the build. */
function entry(): string | null {
  return globalThis.document?.querySelector('script[type=module][src]')?.getAttribute('src') ?? null;
}

/** Fetches the server's build. Without an answer the state stays as it is. */
export async function checkBuild(): Promise<boolean> {
  const script = entry();
  if (script === null) return false;
  const page = await fetch(location.pathname, { cache: 'no-store' })
    .then((response) => (response.ok ? response.text() : null))
    .catch(() => null);
  const updated = page !== null && !page.includes(script);
  if (updated) build.setState({ updated });
  return build.getState().updated;
}

/**
 * A part of the page, fetched when it is first needed.
 *
 * @throws CodedError `app/updated` when the server has another build, else `app/part`
 */
export async function loadPart<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw new CodedError((await checkBuild()) ? 'app/updated' : 'app/part', {}, undefined, { cause });
  }
}
