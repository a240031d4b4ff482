/** Batch: a folder of videos, one row each, and how well the scores agree with people where people scored them. */
import { useEffect, useMemo, useState } from 'react';
import { useStore } from 'zustand';
import type { CodedErrorData } from '../../../core/errors.ts';
import { isPair } from '../../../core/stats/batch-metrics.ts';
import { hashFile } from '../../../workers/hash/client.ts';
import type { FolderKind } from '../../assessment/model/folder-kind.ts';
import { toErrorData } from '../../assessment/model/model-store.ts';
import { APP } from '../../assessment/session.ts';
import {
  type PickedFolder,
  passToNextPage,
  pickFiles,
  pickPersistentFolder,
  useFileInput,
  useFolderInput,
} from '../../page/file-input.ts';
import { goTo } from '../../page/router.ts';
import { saveFile } from '../../page/save-file.ts';
import { useTab } from '../../page/tab.ts';
import { useActions } from '../../page/useActions.ts';
import { Button } from '../../ui/Button.tsx';
import { ErrorCard } from '../../ui/ErrorCard.tsx';
import type { MenuItem } from '../../ui/Menu.tsx';
import { BatchHead } from './BatchHead.tsx';
import { batch } from './state/session.ts';
import './BatchPage.css';
import { BatchTable } from './BatchTable.tsx';
import { addBatchFiles } from './batch-files.ts';
import { EmptyBatch } from './EmptyBatch.tsx';
import { batchFullCsv, batchJson, batchOfficialCsv, settingsHash } from './exports.ts';
import { useBatchMessages } from './messages/useBatchMessages.ts';
import type { SortBy, TableView } from './rows.ts';
import { SidePanels } from './SidePanels.tsx';
import { scatterPng, scatterSvg } from './scatter-svg.ts';
import { useMetrics } from './useMetrics.ts';

const FIRST_VIEW: TableView = { filter: 'all', find: '', sort: { by: 'file', down: false } };

const KINDS: readonly FolderKind[] = ['other'];

export default function BatchPage() {
  const t = useBatchMessages();
  const state = useStore(batch.store);
  const [view, setView] = useState(FIRST_VIEW);
  const [selected, setSelected] = useState<string | null>(null);
  const [undo, setUndo] = useState<(() => Promise<void>) | null>(null);
  const [fault, setFault] = useState<CodedErrorData | null>(null);
  const metrics = useMetrics(state.rows);
  const { phase, rows } = state;

  useEffect(() => {
    // What was running when the page was closed goes on by itself where the browser still gives the files.
    void batch.restore().then((wasRunning) => {
      if (wasRunning && batch.store.getState().phase === 'paused') void batch.start();
    });
  }, []);

  const fail = (error: unknown) => setFault(toErrorData(error));
  const take = (folder: PickedFolder) => {
    setFault(null);
    addBatchFiles(folder).catch(fail);
  };
  useFileInput((files) => take({ name: '', files: files.map((file) => ({ path: file.name, file })) }));
  useFolderInput(KINDS, take);
  const addFolder = () => pickPersistentFolder().then((folder) => folder && take(folder), fail);

  const open = (path: string) => {
    const file = batch.file(path);
    if (!file) return;
    passToNextPage([file]);
    goTo('assess');
  };
  const canStart = phase === 'checked' || phase === 'paused';
  useActions({
    pauseRun: phase === 'running' ? () => void batch.pause() : canStart ? () => void batch.start() : null,
    undo: undo && (() => void undo().then(() => setUndo(null))),
  });
  const done = rows.filter((row) => row.state !== 'waiting' && row.state !== 'running').length;
  useTab(
    phase === 'running' ? { kind: 'running', name: state.name, done: done / rows.length } : { kind: 'idle' },
  );

  const exports = useMemo<readonly MenuItem[]>(() => {
    const stem = state.name.replace(/[^\p{L}\p{N}._-]+/gu, '-') || 'batch';
    const pairs = rows.filter(isPair);
    const noPairs = pairs.length === 0;
    const range = state.model?.range ?? [1, 5];
    return [
      {
        id: 'official',
        label: t.exports.official,
        detail: t.exports.officialHelp,
        disabled: noPairs,
        onSelect: () => saveFile(`${stem}.csv`, batchOfficialCsv(state), 'text/csv'),
      },
      {
        id: 'full',
        label: t.exports.full,
        onSelect: () => saveFile(`${stem}-full.csv`, batchFullCsv(state), 'text/csv'),
      },
      {
        id: 'json',
        label: t.exports.json,
        onSelect: () =>
          void settingsHash(state, hashFile).then((hash) =>
            saveFile(`${stem}.json`, batchJson(state, APP, hash), 'application/json'),
          ),
      },
      {
        id: 'svg',
        label: t.exports.svg,
        disabled: noPairs,
        onSelect: () =>
          saveFile(`${stem}.svg`, scatterSvg(pairs, metrics?.all ?? null, range, t), 'image/svg+xml'),
      },
      {
        id: 'png',
        label: t.exports.png,
        disabled: noPairs,
        onSelect: () =>
          void scatterPng(pairs, metrics?.all ?? null, range, t).then((blob) =>
            saveFile(`${stem}.png`, blob),
          ),
      },
    ];
  }, [state, rows, metrics, t]);

  const sort = (by: SortBy) =>
    setView({ ...view, sort: { by, down: view.sort.by === by ? !view.sort.down : by !== 'file' } });
  const clear = () =>
    void batch.clear().then((back) => {
      setUndo(() => back);
      setTimeout(() => setUndo((now) => (now === back ? null : now)), 10_000);
    });
  const select = (path: string) => setSelected(path);
  const notices = (
    <>
      {fault && (
        <div className="batch-page__notice">
          <ErrorCard error={fault} />
        </div>
      )}
      {undo && (
        <p className="batch-page__undo" role="status">
          <span>{t.cleared}</span>
          <Button icon="undo" onClick={() => void undo().then(() => setUndo(null))}>
            {t.undo}
          </Button>
        </p>
      )}
    </>
  );

  if (phase === 'empty') {
    return (
      <div className="batch-page--empty">
        <h1 className="ui-sr">{t.title}</h1>
        {notices}
        <EmptyBatch onFolder={() => void addFolder()} onFiles={pickFiles} />
      </div>
    );
  }
  return (
    <div className={`batch-page batch-page--${phase}`}>
      <h1 className="ui-sr">{t.title}</h1>
      <section className="batch-page__main" aria-label={state.name}>
        {notices}
        <BatchHead
          state={state}
          view={view}
          onView={setView}
          exports={exports}
          onAdd={() => void addFolder()}
          onClear={clear}
        />
        <BatchTable
          rows={rows}
          view={view}
          onSort={sort}
          fit={metrics?.all?.fit ?? null}
          hasMos={rows.some(({ mos }) => mos !== undefined)}
          selected={selected}
          onSelect={select}
          onOpen={open}
        />
        <Answer path={selected} onOpen={open} onClose={() => setSelected(null)} />
      </section>
      <SidePanels state={state} metrics={metrics} selected={selected} onSelect={select} />
    </div>
  );
}

/** What the model wrote for the chosen row. */
function Answer(props: {
  readonly path: string | null;
  readonly onOpen: (path: string) => void;
  readonly onClose: () => void;
}) {
  const { path, onOpen, onClose } = props;
  const t = useBatchMessages();
  const row = useStore(batch.store, ({ rows }) => rows.find((one) => one.path === path));
  if (!row || path === null || (row.text === undefined && row.error === undefined)) return null;
  return (
    <section className="batch-answer" aria-label={t.detail.answer}>
      <p className="batch-answer__line">
        <strong>{row.path}</strong>
        {batch.file(path) && (
          <Button icon="gauge" onClick={() => onOpen(path)}>
            {t.open}
          </Button>
        )}
        <Button icon="retry" onClick={() => void batch.retry([path]).then(() => void batch.start())}>
          {t.retry}
        </Button>
        <Button icon="close" onClick={onClose}>
          {t.detail.close}
        </Button>
      </p>
      {row.text !== undefined && (
        <p className="batch-answer__text" lang="en">
          {row.text}
        </p>
      )}
    </section>
  );
}
