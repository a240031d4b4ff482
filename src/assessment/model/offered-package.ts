/**
 * A package that another page offers to the Models page: made by the training server, not fetched yet. The Models page
 * downloads it like any other, with the header that its server requires.
 */
import { createStore } from 'zustand/vanilla';

export interface OfferedPackage {
  /** Absolute address of `manifest.json`; the files lie under `files/` beside it. */
  readonly manifestUrl: string;
  /** Sent with the manifest and every file. */
  readonly headers: Readonly<Record<string, string>>;
  /** Name until the manifest has been read: `small-grpo, step 400`. */
  readonly name: string;
}

const store = createStore<{ readonly offered: OfferedPackage | null }>(() => ({ offered: null }));

export const packageOffer = {
  store,
  offer: (offered: OfferedPackage) => store.setState({ offered }),
  /** @returns the offered package, which is then offered no more */
  accept(): OfferedPackage | null {
    const { offered } = store.getState();
    if (offered) store.setState({ offered: null });
    return offered;
  },
};
