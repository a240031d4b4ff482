/** Files that this page stores on this device, and their deletion. */
import { useState } from 'react';
import { useStore } from 'zustand';
import { deleteEverything, packages } from '../../assessment/model/packages-session.ts';
import { Button, TextButton } from '../../ui/Button.tsx';
import { cssVariables } from '../../ui/css-variables.ts';
import { Dialog } from '../../ui/Dialog.tsx';
import { Icon } from '../../ui/Icon.tsx';
import './StoragePanel.css';
import { useModelsMessages } from './messages/useModelsMessages.ts';

export function StoragePanel() {
  const t = useModelsMessages();
  const { storage, rows } = useStore(packages.store);
  const [asking, setAsking] = useState(false);
  const [cleared, setCleared] = useState(false);
  const storedRows = rows.filter(({ stored }) => stored !== null);
  const byModel = storedRows.map(({ id, manifest, stored }) => ({
    id,
    name: manifest.name,
    bytes: stored?.arrivedBytes ?? 0,
  }));
  const models = byModel.reduce((sum, { bytes }) => sum + bytes, 0);
  const reserved = storedRows.reduce(
    (sum, { work, stored }) =>
      sum + (work.kind === 'downloading' && stored ? stored.totalBytes - stored.arrivedBytes : 0),
    0,
  );
  const used = storage.used ?? models;
  const whole = storage.quota ?? Math.max(1, used);
  const shares = [...byModel, { id: 'other', name: '', bytes: Math.max(0, used - models) }];
  return (
    <section className="models-storage" aria-label={t.storage.title}>
      <p className="models-storage__line">
        <strong>{t.storage.title}</strong>
        <span>{storage.used === null ? t.storage.unknown : t.storage.used(storage.used, storage.quota)}</span>
        <span className="models-storage__kept">
          {storage.persisted && <Icon name="check" />}
          {storage.persisted === null ? '' : storage.persisted ? t.storage.persistent : t.storage.volatile}
        </span>
      </p>
      <div
        className="models-storage__bar"
        role="img"
        aria-label={`${t.storage.bar}: ${Math.round((used / whole) * 100)} %`}
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
          <span key={id}>{t.storage.model(name, bytes)}</span>
        ))}
        {storage.used !== null && <span>{t.storage.other(Math.max(0, used - models))}</span>}
        {reserved > 0 && <span>{t.storage.reserved(reserved)}</span>}
        <span className="models-storage__clear">
          {cleared ? (
            <span role="status">{t.storage.cleared}</span>
          ) : (
            <TextButton onClick={() => setAsking(true)}>{t.storage.clear}</TextButton>
          )}
        </span>
      </p>
      {asking && (
        <Dialog title={t.storage.clearTitle} onClose={() => setAsking(false)}>
          <p>{t.storage.clearBody(storedRows.length)}</p>
          <p className="models-storage__answers">
            <Button onClick={() => setAsking(false)}>{t.cancel}</Button>
            <Button
              look="primary"
              onClick={() => {
                setAsking(false);
                void deleteEverything().then(() => setCleared(true));
              }}
            >
              {t.storage.clearDo}
            </Button>
          </p>
        </Dialog>
      )}
    </section>
  );
}
