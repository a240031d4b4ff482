/** What this page keeps on this device, and how to be rid of it. */
import { useState } from 'react';
import { useStore } from 'zustand';
import { deleteEverything, packages } from '../../assessment/model/packages-session.ts';
import { Button, TextButton } from '../../ui/Button.tsx';
import { cssVariables } from '../../ui/css-variables.ts';
import { Dialog } from '../../ui/Dialog.tsx';
import { Icon } from '../../ui/Icon.tsx';
import './StoragePanel.css';
import { useModelsWords } from './messages/useModelsWords.ts';

export function StoragePanel() {
  const w = useModelsWords();
  const { storage, rows } = useStore(packages.store);
  const [asking, setAsking] = useState(false);
  const [cleared, setCleared] = useState(false);
  const kept = rows.filter(({ stored }) => stored !== null);
  const byModel = kept.map(({ id, manifest, stored }) => ({
    id,
    name: manifest.name,
    bytes: stored?.arrivedBytes ?? 0,
  }));
  const models = byModel.reduce((sum, { bytes }) => sum + bytes, 0);
  const reserved = kept.reduce(
    (sum, { work, stored }) =>
      sum + (work.kind === 'downloading' && stored ? stored.totalBytes - stored.arrivedBytes : 0),
    0,
  );
  const used = storage.used ?? models;
  const whole = storage.quota ?? Math.max(1, used);
  const shares = [...byModel, { id: 'other', name: '', bytes: Math.max(0, used - models) }];
  return (
    <section className="models-storage" aria-label={w.storage.title}>
      <p className="models-storage__line">
        <strong>{w.storage.title}</strong>
        <span>{storage.used === null ? w.storage.unknown : w.storage.used(storage.used, storage.quota)}</span>
        <span className="models-storage__kept">
          {storage.persisted && <Icon name="check" />}
          {storage.persisted === null ? '' : storage.persisted ? w.storage.kept : w.storage.notKept}
        </span>
      </p>
      <div
        className="models-storage__bar"
        role="img"
        aria-label={`${w.storage.bar}: ${Math.round((used / whole) * 100)} %`}
      >
        {shares.map(({ id, bytes }) => (
          <span
            key={id}
            className="models-storage__part"
            style={cssVariables({ '--share': bytes / whole })}
          />
        ))}
        {reserved > 0 && (
          <span
            className="models-storage__part models-storage__part--reserved"
            style={cssVariables({ '--share': reserved / whole })}
          />
        )}
      </div>
      <p className="models-storage__legend">
        {byModel.map(({ id, name, bytes }) => (
          <span key={id}>{w.storage.model(name, bytes)}</span>
        ))}
        {storage.used !== null && <span>{w.storage.other(Math.max(0, used - models))}</span>}
        {reserved > 0 && <span>{w.storage.reserved(reserved)}</span>}
        <span className="models-storage__clear">
          {cleared ? (
            <span role="status">{w.storage.cleared}</span>
          ) : (
            <TextButton onClick={() => setAsking(true)}>{w.storage.clear}</TextButton>
          )}
        </span>
      </p>
      {asking && (
        <Dialog title={w.storage.clearTitle} onClose={() => setAsking(false)}>
          <p>{w.storage.clearBody(kept.length)}</p>
          <p className="models-storage__answers">
            <Button onClick={() => setAsking(false)}>{w.cancel}</Button>
            <Button
              look="primary"
              onClick={() => {
                setAsking(false);
                void deleteEverything().then(() => setCleared(true));
              }}
            >
              {w.storage.clearDo}
            </Button>
          </p>
        </Dialog>
      )}
    </section>
  );
}
