/** Models: what this device has, what it could have, and whether it would run here. */
import { useEffect, useState } from 'react';
import { useStore } from 'zustand';
import { type FolderKind, kindOfFolder } from '../../assessment/model/folder-kind.ts';
import { packageOffer } from '../../assessment/model/offered-package.ts';
import { conversion, forgetPackage, packages } from '../../assessment/model/packages-session.ts';
import { models } from '../../assessment/session.ts';
import { type PickedFolder, pickFolder, useFolderInput } from '../../page/file-input.ts';
import { Button, IconButton } from '../../ui/Button.tsx';
import { ErrorCard } from '../../ui/ErrorCard.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { Notice } from '../../ui/Notice.tsx';
import { AddByAddress } from './AddByAddress.tsx';
import { ModelDetail } from './ModelDetail.tsx';
import { ModelRow } from './ModelRow.tsx';
import './ModelsPage.css';
import { useModelsMessages } from './messages/useModelsMessages.ts';
import { StoragePanel } from './StoragePanel.tsx';

interface Removed {
  readonly id: string;
  readonly name: string;
  readonly undo: () => void;
}

const KINDS: readonly FolderKind[] = ['package', 'checkpoint', 'other'];

export default function ModelsPage() {
  const t = useModelsMessages();
  const { rows, ready, machine, error } = useStore(packages.store);
  const [selected, setSelected] = useState<string | null>(null);
  const [adding, setAdding] = useState(false);
  const [removed, setRemoved] = useState<Removed | null>(null);
  const [notice, setNotice] = useState<string | null>(null);
  const converting = useStore(conversion.store);
  const offered = useStore(packageOffer.store, (state) => state.offered);

  useEffect(() => void packages.open(), []);
  useEffect(() => {
    if (!ready || !offered) return;
    const taken = packageOffer.accept();
    if (!taken) return;
    const base = new URL('files/', taken.manifestUrl).href;
    void packages.fetchManifest(taken.manifestUrl, taken.headers, base).then((id) => {
      if (id === null) return;
      setSelected(id);
      void packages.download(id, true);
    });
  }, [ready, offered]);

  const bring = async ({ name, files }: PickedFolder) => {
    setNotice(null);
    const kind = kindOfFolder(files);
    if (kind === 'other') return setNotice(t.noPackage);
    // A folder that was dropped on another place comes before the list is read.
    await packages.open();
    const id =
      kind === 'checkpoint' ? await conversion.start(name, files) : await packages.importFolder(files);
    if (id === null) return;
    setSelected(id);
    const row = packages.store.getState().rows.find((one) => one.id === id);
    if (row) setNotice(t.imported(row.manifest.name, row.manifest.licence));
  };
  useFolderInput(KINDS, (folder) => void bring(folder));
  const openFolder = async () => {
    const folder = await pickFolder();
    if (folder) await bring(folder);
  };

  const remove = (id: string, name: string) => {
    const { undo, gone } = packages.remove(id);
    setRemoved({ id, name, undo });
    void gone.then(() => {
      setRemoved((now) => (now?.id === id ? null : now));
      if (!packages.store.getState().rows.some((row) => row.id === id)) forgetPackage(models, id);
    });
  };

  const chosen = rows.find(({ id }) => id === selected) ?? rows[0];
  const fault = converting.error ?? error;
  return (
    <div className="models-page">
      <h1 className="ui-sr">{t.title}</h1>
      <div className="models-page__left">
        <StoragePanel />
        <section className="models-list" aria-labelledby="models-title">
          <header className="models-list__head">
            <h2 id="models-title">{t.title}</h2>
            <Button icon="plus" aria-expanded={adding} onClick={() => setAdding(!adding)}>
              {t.add}
            </Button>
            <Button icon="folder" onClick={() => void openFolder()}>
              {t.openFolder}
            </Button>
          </header>
          {adding && (
            <AddByAddress
              onAdded={(id) => {
                setAdding(false);
                setSelected(id);
              }}
            />
          )}
          {fault && (
            <div className="models-list__said">
              <ErrorCard error={fault} />
            </div>
          )}
          {converting.name !== null && (
            <div className="models-list__said" role="status">
              <Notice actions={<Button onClick={conversion.stop}>{t.cancel}</Button>}>
                {t.converting(converting.name, converting.percent)}
              </Notice>
            </div>
          )}
          {notice && (
            <div className="models-list__said" role="status">
              <Notice actions={<IconButton icon="close" label={t.dismiss} onClick={() => setNotice(null)} />}>
                {notice}
              </Notice>
            </div>
          )}
          {removed && (
            <p className="models-list__removed" role="status">
              <span>{t.removed(removed.name)}</span>
              <Button
                icon="undo"
                onClick={() => {
                  removed.undo();
                  setRemoved(null);
                }}
              >
                {t.undo}
              </Button>
            </p>
          )}
          <ul className="models-list__rows">
            {rows.map((row) => (
              <ModelRow
                key={row.id}
                row={row}
                selected={row.id === chosen?.id}
                onSelect={() => setSelected(row.id)}
                onRemove={() => remove(row.id, row.manifest.name)}
              />
            ))}
          </ul>
          <p className="models-list__foot">
            <Icon name="folder" />
            {t.dropHint}
          </p>
        </section>
      </div>
      {chosen && <ModelDetail key={chosen.id} row={chosen} machine={machine} />}
    </div>
  );
}
