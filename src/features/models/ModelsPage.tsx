/** Models: packages on this device, models to bring, and whether each would run here. */
import { useEffect, useState } from 'react';
import { useStore } from 'zustand';
import type { Machine } from '../../../core/files/machine.ts';
import { type CatalogueModel, modelCatalogue } from '../../../core/files/model-catalogue.ts';
import { checkpointFiles, type FolderKind, kindOfFolder } from '../../assessment/model/folder-kind.ts';
import { packageOffer } from '../../assessment/model/offered-package.ts';
import { conversion, forgetPackage, packages } from '../../assessment/model/packages-session.ts';
import { models } from '../../assessment/session.ts';
import { type PickedFolder, pickFolder, useFolderInput } from '../../page/file-input.ts';
import { useAddress } from '../../page/router.ts';
import { Button } from '../../ui/Button.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { AddByAddress } from './AddByAddress.tsx';
import { CatalogueDetail } from './CatalogueDetail.tsx';
import { CatalogueRow } from './CatalogueRow.tsx';
import { ConversionOffer } from './ConversionOffer.tsx';
import { ListNotices, type Removed } from './ListNotices.tsx';
import { ModelDetail } from './ModelDetail.tsx';
import { ModelRow } from './ModelRow.tsx';
import './ModelsPage.css';
import { useModelsMessages } from './messages/useModelsMessages.ts';
import { StoragePanel } from './StoragePanel.tsx';

const KINDS: readonly FolderKind[] = ['package', 'checkpoint', 'other'];

/** Downloads the package that another page offers. */
function useOfferedPackage(onAdded: (id: string) => void): void {
  const ready = useStore(packages.store, (state) => state.ready);
  const offered = useStore(packageOffer.store, (state) => state.offered);
  // biome-ignore lint/correctness/useExhaustiveDependencies: an offer is accepted once
  useEffect(() => {
    if (!ready || !offered) return;
    const taken = packageOffer.accept();
    if (!taken) return;
    const base = new URL('files/', taken.manifestUrl).href;
    void packages.fetchManifest(taken.manifestUrl, taken.headers, base).then((id) => {
      if (id === null) return;
      onAdded(id);
      void packages.download(id, true);
    });
  }, [ready, offered]);
}

/** Takes folders that are dropped or chosen: a package is copied, a checkpoint is offered for conversion. */
function useFolders(onAdded: (id: string) => void, onNotice: (text: string | null) => void) {
  const t = useModelsMessages();
  const bring = async ({ name, files }: PickedFolder) => {
    onNotice(null);
    const kind = kindOfFolder(files);
    if (kind === 'other') return onNotice(t.noPackage);
    // A folder that was dropped on another page comes before the list is read.
    await packages.open();
    if (kind === 'checkpoint') {
      await conversion.look({ kind: 'folder', name, files: checkpointFiles(files).map(({ file }) => file) });
      return;
    }
    const id = await packages.importFolder(files);
    if (id === null) return;
    onAdded(id);
    const row = packages.store.getState().rows.find((one) => one.id === id);
    if (row) onNotice(t.imported(row.manifest.name, row.manifest.licence));
  };
  useFolderInput(KINDS, (folder) => void bring(folder));
  return async () => {
    const folder = await pickFolder();
    if (folder) await bring(folder);
  };
}

/** The row that was removed last, until its files are deleted. */
function useRemoval() {
  const [removed, setRemoved] = useState<Removed | null>(null);
  const remove = (id: string, name: string) => {
    const { undo, gone } = packages.remove(id);
    const restore = () => {
      undo();
      setRemoved(null);
    };
    setRemoved({ id, name, undo: restore });
    void gone.then(() => {
      setRemoved((now) => (now?.id === id ? null : now));
      if (!packages.store.getState().rows.some((row) => row.id === id)) forgetPackage(models, id);
    });
  };
  return { removed, remove };
}

/** Id of the chosen row; the address may name one: `#/models?get=vqathinker-8b`. */
function useSelection(): readonly [string | null, (id: string) => void] {
  const requested = useAddress().query.replace(/^get=/, '');
  const [selected, setSelected] = useState<string | null>(requested || null);
  useEffect(() => {
    if (requested) setSelected(requested);
  }, [requested]);
  return [selected, setSelected];
}

export default function ModelsPage() {
  const t = useModelsMessages();
  const { rows, machine } = useStore(packages.store);
  const [selected, setSelected] = useSelection();
  const [adding, setAdding] = useState(false);
  const [notice, setNotice] = useState<string | null>(null);
  const { removed, remove } = useRemoval();
  const openFolder = useFolders(setSelected, setNotice);
  useEffect(() => {
    // Conversions that have ended are taken over before the list is read.
    void conversion.open().then(packages.open);
  }, []);
  useOfferedPackage(setSelected);
  const onAdded = (id: string) => {
    setAdding(false);
    setSelected(id);
  };
  const onMade = (id: string) => {
    onAdded(id);
    const row = packages.store.getState().rows.find((one) => one.id === id);
    if (row) setNotice(t.made(row.manifest.name));
  };

  const model = modelCatalogue.find(({ id }) => id === selected);
  const chosen = model ? undefined : (rows.find(({ id }) => id === selected) ?? rows[0]);
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
          {adding && <AddByAddress onAdded={onAdded} />}
          <ConversionOffer onMade={onMade} />
          <ListNotices notice={notice} onDismiss={() => setNotice(null)} removed={removed} onMade={onMade} />
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
          <Catalogue machine={machine} selected={model} onSelect={setSelected} />
          <p className="models-list__foot">
            <Icon name="folder" />
            {t.dropHint}
          </p>
        </section>
      </div>
      {model && <CatalogueDetail key={model.id} model={model} machine={machine} />}
      {chosen && <ModelDetail key={chosen.id} row={chosen} machine={machine} />}
    </div>
  );
}

/** Models that are not on this device, under the list of those that are. */
function Catalogue(props: {
  readonly machine: Machine | null;
  readonly selected: CatalogueModel | undefined;
  readonly onSelect: (id: string) => void;
}) {
  const { machine, selected, onSelect } = props;
  const { catalogue: c } = useModelsMessages();
  return (
    <section className="models-catalogue" aria-labelledby="models-catalogue">
      <h2 id="models-catalogue">{c.title}</h2>
      <p>{c.lead}</p>
      <ul className="models-list__rows">
        {modelCatalogue.map((model) => (
          <CatalogueRow
            key={model.id}
            model={model}
            machine={machine}
            selected={model === selected}
            onSelect={() => onSelect(model.id)}
          />
        ))}
      </ul>
    </section>
  );
}
