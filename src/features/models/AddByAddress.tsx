/** A package by its address: only its manifest is read until somebody asks for the rest. */
import { useId, useState } from 'react';
import { useStore } from 'zustand';
import { packages } from '../../assessment/model/packages-session.ts';
import { useModelsMessages } from './messages/useModelsMessages.ts';

export function AddByAddress({ onAdded }: { readonly onAdded: (id: string) => void }) {
  const t = useModelsMessages();
  const id = useId();
  const [address, setAddress] = useState('');
  const looking = useStore(packages.store, (state) => state.fetchingManifest);
  return (
    <form
      className="models-add"
      onSubmit={(event) => {
        event.preventDefault();
        void packages
          .fetchManifest(address.trim())
          .then((manifest) => manifest !== null && onAdded(manifest));
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
      <button type="submit" className="ui-button ui-button--primary ui-button--normal" disabled={looking}>
        {looking ? t.looking : t.addDo}
      </button>
    </form>
  );
}
