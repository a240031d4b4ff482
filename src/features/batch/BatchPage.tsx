/** Batch page: a folder of videos with a row each, and the agreement of the scores with MOS where there are any. */
import { type ReactNode, useEffect, useState } from 'react';
import { useStore } from 'zustand';
import type { CodedErrorData } from '../../../core/errors.ts';
import type { FolderKind } from '../../assessment/model/folder-kind.ts';
import { toErrorData } from '../../assessment/model/model-store.ts';
import {
  type PickedFolder,
  passToNextPage,
  pickFiles,
  pickPersistentFolder,
  useFileInput,
  useFolderInput,
} from '../../page/file-input.ts';
import { goTo } from '../../page/router.ts';
import { useTab } from '../../page/tab.ts';
import { useActions } from '../../page/useActions.ts';
import { Button } from '../../ui/Button.tsx';
import { ErrorCard } from '../../ui/ErrorCard.tsx';
import { AnswerDetail } from './AnswerDetail.tsx';
import { BatchHead } from './BatchHead.tsx';
import { batch } from './state/session.ts';
import type { BatchState } from './state/store.ts';
import './BatchPage.css';
import { BatchTable } from './BatchTable.tsx';
import { addBatchFiles } from './batch-files.ts';
import { EmptyBatch } from './EmptyBatch.tsx';
import { useBatchMessages } from './messages/useBatchMessages.ts';
import { hasEnded, type SortBy, type TableView } from './rows.ts';
import { SidePanels } from './SidePanels.tsx';
import { TableFoot } from './TableFoot.tsx';
import { useCalibration } from './useCalibration.ts';
import { useExportItems } from './useExportItems.ts';
import { useMetrics } from './useMetrics.ts';

const FIRST_VIEW: TableView = { filter: 'all', find: '', sort: { by: 'file', down: false } };
const KINDS: readonly FolderKind[] = ['other'];
/** Milliseconds in which a cleared batch can be restored. */
const UNDO_TIME = 10_000;

export default function BatchPage() {
  const t = useBatchMessages();
  const state = useStore(batch.store);
  const [view, setView] = useState(FIRST_VIEW);
  const [selected, setSelected] = useState<string | null>(null);
  const metrics = useMetrics(state.rows);
  const calibration = useCalibration(state);
  const exports = useExportItems(state, metrics);
  const { fault, addFolder } = useFolders();
  const { clear, restore } = useUndoClear();
  const { phase, rows } = state;
  useResume();
  useActions({ pauseRun: runAction(phase), undo: restore });
  const done = rows.filter(hasEnded).length / rows.length;
  useTab(phase === 'running' ? { kind: 'running', name: state.name, done } : { kind: 'idle' });

  const sort = (by: SortBy) =>
    setView({ ...view, sort: { by, down: view.sort.by === by ? !view.sort.down : by !== 'file' } });
  const notices = <Notices fault={fault} onUndo={restore} />;
  if (phase === 'empty') {
    return (
      <div className="batch-page--empty">
        <h1 className="ui-sr">{t.title}</h1>
        {notices}
        <EmptyBatch onFolder={addFolder} onFiles={pickFiles} />
      </div>
    );
  }
  return (
    <div className={`batch-page batch-page--${phase}${rows.length === 0 ? ' batch-page--tables' : ''}`}>
      <h1 className="ui-sr">{t.title}</h1>
      <section className="batch-page__main" aria-label={state.name}>
        {notices}
        <BatchHead
          state={state}
          view={view}
          onView={setView}
          exports={exports}
          onAdd={addFolder}
          onClear={clear}
        />
        {rows.length > 0 && (
          <BatchTable
            rows={rows}
            view={view}
            onSort={sort}
            fit={metrics?.all?.fit ?? null}
            calibration={calibration.shown ? (calibration.calibration?.map ?? null) : null}
            hasMos={rows.some(({ mos }) => mos !== undefined)}
            selected={selected}
            onSelect={setSelected}
            onOpen={openInAssess}
          />
        )}
        {rows.length === 0 && (
          <p className="batch-page__add">
            <Button look="primary" icon="folder" onClick={addFolder}>
              {t.empty.folder}
            </Button>
            <Button icon="file" onClick={pickFiles}>
              {t.empty.files}
            </Button>
          </p>
        )}
        <AnswerDetail path={selected} onOpen={openInAssess} onClose={() => setSelected(null)} />
        {rows.length > 0 && <TableFoot view={view} onView={setView} />}
      </section>
      {rows.length > 0 && (
        <SidePanels
          state={state}
          metrics={metrics}
          calibration={calibration}
          selected={selected}
          onSelect={setSelected}
        />
      )}
    </div>
  );
}

/** Pauses or starts the run; null where there is nothing to run. */
function runAction(phase: BatchState['phase']): (() => void) | null {
  if (phase === 'running') return () => void batch.pause();
  return phase === 'checked' || phase === 'paused' ? () => void batch.start() : null;
}

function openInAssess(path: string): void {
  const file = batch.file(path);
  if (!file) return;
  passToNextPage([file]);
  goTo('assess');
}

/** Restores the stored batch and resumes one that ran when the page was closed, if its files are accessible. */
function useResume(): void {
  useEffect(() => {
    void batch.restore().then((wasRunning) => {
      if (wasRunning && batch.store.getState().phase === 'paused') void batch.start();
    });
  }, []);
}

/** Input of files and folders, and the error of the last one. */
function useFolders(): { readonly fault: CodedErrorData | null; readonly addFolder: () => void } {
  const [fault, setFault] = useState<CodedErrorData | null>(null);
  const fail = (error: unknown) => setFault(toErrorData(error));
  const add = (folder: PickedFolder) => {
    setFault(null);
    addBatchFiles(folder).catch(fail);
  };
  useFileInput((files) => add({ name: '', files: files.map((file) => ({ path: file.name, file })) }));
  useFolderInput(KINDS, add);
  const addFolder = () => void pickPersistentFolder().then((folder) => folder && add(folder), fail);
  return { fault, addFolder };
}

/** Clears the batch; `restore` brings it back for a while, then is null. */
function useUndoClear() {
  const [undo, setUndo] = useState<(() => Promise<void>) | null>(null);
  const clear = () =>
    void batch.clear().then((back) => {
      setUndo(() => back);
      setTimeout(() => setUndo((now) => (now === back ? null : now)), UNDO_TIME);
    });
  const restore = undo && (() => void undo().then(() => setUndo(null)));
  return { clear, restore };
}

/** Error of the file input, and the offer to undo a clearing. */
function Notices(props: {
  readonly fault: CodedErrorData | null;
  readonly onUndo: (() => void) | null;
}): ReactNode {
  const { fault, onUndo } = props;
  const t = useBatchMessages();
  return (
    <>
      {fault && (
        <div className="batch-page__notice">
          <ErrorCard error={fault} />
        </div>
      )}
      {onUndo && (
        <p className="batch-page__undo" role="status">
          <span>{t.cleared}</span>
          <Button icon="undo" onClick={onUndo}>
            {t.undo}
          </Button>
        </p>
      )}
    </>
  );
}
