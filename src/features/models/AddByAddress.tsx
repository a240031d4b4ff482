/** A package or a checkpoint by its address: only a manifest, or a list of files, is read until somebody asks for the rest. */
import { useId, useState } from 'react';
import { useStore } from 'zustand';
import { defaultHub, hubAddress } from '../../../core/files/hub-address.ts';
import { hasQuestion } from '../../assessment/model/conversion.ts';
import { conversion, packages } from '../../assessment/model/packages-session.ts';
import { useModelsMessages } from './messages/useModelsMessages.ts';

/** Statuses with which a repository answers that has no manifest, or gives it to nobody who is not signed in. */
const NO_MANIFEST = new Set<string | number | undefined>([401, 403, 404]);

/**
 * Looks for a package at an address, then for a checkpoint where it is a repository's.
 *
 * @returns id of the package, null without one
 */
async function lookAt(text: string): Promise<string | null> {
  conversion.dismiss();
  const hub = hubAddress(text);
  const named = hub !== null && !/^https?:/i.test(text);
  const url = named ? `${defaultHub}/${hub.repository}/tree/${encodeURIComponent(hub.revision)}` : text;
  const id = await packages.fetchManifest(url);
  if (id !== null || hub === null) return id;
  const { error } = packages.store.getState();
  if (error?.code !== 'model/network' || !NO_MANIFEST.has(error.params.status)) return null;
  packages.forgetError();
  await conversion.look({ kind: 'hub', address: hub });
  return null;
}

export function AddByAddress({ onAdded }: { readonly onAdded: (id: string) => void }) {
  const t = useModelsMessages();
  const id = useId();
  const [address, setAddress] = useState('');
  const fetching = useStore(packages.store, (state) => state.fetchingManifest);
  const asked = useStore(conversion.store, hasQuestion);
  const looking = useStore(conversion.store, (state) => state.looking) || fetching;
  return (
    <form
      className="models-add"
      onSubmit={(event) => {
        event.preventDefault();
        void lookAt(address.trim()).then((result) => result !== null && onAdded(result));
      }}
    >
      <label htmlFor={id}>{t.addLabel}</label>
      <input
        id={id}
        className="ui-field"
        type="text"
        inputMode="url"
        autoCapitalize="off"
        required
        // biome-ignore lint/a11y/noAutofocus: the field was asked for
        autoFocus
        spellCheck={false}
        placeholder={t.addHint}
        value={address}
        onChange={(event) => setAddress(event.target.value)}
      />
      <button
        type="submit"
        className={`ui-button ui-button--${asked ? 'plain' : 'primary'} ui-button--normal`}
        disabled={looking}
      >
        {looking ? t.looking : t.addDo}
      </button>
    </form>
  );
}
