/** Head of the batch: name, buttons, progress, and the chips that filter and count the rows. */
import type { Grade } from '../../../core/answer/grades.ts';
import type { BatchRow } from '../../../core/files/batch.ts';
import { count } from '../../../core/text/format.ts';
import { ActionButton } from '../../page/ActionButton.tsx';
import { BandGlyph } from '../../ui/BandGlyph.tsx';
import { Button } from '../../ui/Button.tsx';
import { ErrorCard } from '../../ui/ErrorCard.tsx';
import { Menu, type MenuItem } from '../../ui/Menu.tsx';
import { useMessages } from '../../ui/messages/useMessages.tsx';
import { Notice } from '../../ui/Notice.tsx';
import { ProgressBar } from '../../ui/ProgressBar.tsx';
import { Rich } from '../../ui/Rich.tsx';
import { BatchCheck } from './BatchCheck.tsx';
import { batch } from './state/session.ts';
import type { BatchState } from './state/store.ts';
import './BatchHead.css';
import { useBatchMessages } from './messages/useBatchMessages.ts';
import { type Filter, fileName, filterCounts, hasEnded, type TableView } from './rows.ts';

export interface BatchHeadProps {
  readonly state: BatchState;
  readonly view: TableView;
  readonly onView: (view: TableView) => void;
  readonly exports: readonly MenuItem[];
  readonly onAdd: () => void;
  readonly onClear: () => void;
}

export function BatchHead({ state, view, onView, exports, onAdd, onClear }: BatchHeadProps) {
  const t = useBatchMessages();
  const { rows, phase, check, error } = state;
  return (
    <header className="batch-head">
      <TitleLine state={state} exports={exports} onAdd={onAdd} onClear={onClear} />
      {check && <BatchCheck check={check} videos={rows.length} />}
      {error && (
        <div className="batch-head__notice">
          <ErrorCard
            error={error}
            actions={
              error.code === 'batch/model' ? [{ label: t.restart, onClick: () => void batch.restart() }] : []
            }
          />
        </div>
      )}
      {phase === 'access' && (
        <div className="batch-head__notice">
          <Access locked={state.locked} onAdd={onAdd} />
        </div>
      )}
      {rows.length > 0 && <Progress state={state} />}
      {rows.length > 0 && <Filters rows={rows} view={view} onView={onView} />}
    </header>
  );
}

/** Name and size of the batch, and its buttons. */
function TitleLine(props: Pick<BatchHeadProps, 'state' | 'exports' | 'onAdd' | 'onClear'>) {
  const { state, exports, onAdd, onClear } = props;
  const t = useBatchMessages();
  const { rows, phase, check, name } = state;
  const noScores = rows.some(({ mos }) => mos !== undefined) ? '' : t.noScores;
  const origin =
    check && check.tables.length > 0 ? t.scoresFrom(check.tables.map((table) => table.name)) : noScores;
  return (
    <div className="batch-head__line">
      <h2>{name}</h2>
      <p className="batch-head__about">{[t.videos(rows.length), origin].filter(Boolean).join(', ')}</p>
      {phase === 'running' ? (
        <ActionButton action="pauseRun" icon="pause">
          {t.pause}
        </ActionButton>
      ) : (
        (phase === 'checked' || phase === 'paused') && (
          <ActionButton action="pauseRun" look="primary" icon="play">
            {phase === 'checked' ? t.start : t.resume}
          </ActionButton>
        )
      )}
      <Button icon="plus" onClick={onAdd}>
        {t.add}
      </Button>
      <Menu
        label={t.export}
        items={exports}
        button={(props) => (
          <Button {...props} icon="download" iconAfter="chevronDown">
            {t.export}
          </Button>
        )}
      />
      <Button icon="trash" onClick={onClear}>
        {t.clear}
      </Button>
    </div>
  );
}

/** Request for access to the files of a restored batch: by permission, or by choosing the folder again. */
function Access({ locked, onAdd }: { readonly locked: readonly string[]; readonly onAdd: () => void }) {
  const t = useBatchMessages();
  const choose = <Button onClick={onAdd}>{t.empty.folder}</Button>;
  if (locked.length === 0)
    return (
      <Notice icon="folder" actions={choose}>
        {t.again}
      </Notice>
    );
  return (
    <Notice
      icon="folder"
      actions={
        <>
          <Button look="primary" onClick={() => void batch.giveAccess()}>
            {t.allow}
          </Button>
          {choose}
        </>
      }
    >
      {t.locked(locked)}
    </Notice>
  );
}

function Progress({ state }: { readonly state: BatchState }) {
  const t = useBatchMessages();
  const { rows, phase, pace } = state;
  const done = rows.filter(hasEnded).length;
  const left = pace !== null && phase === 'running' ? pace * (rows.length - done) : null;
  const running = rows.find((row) => row.state === 'running');
  const current = running ? t.now(fileName(running.path)) : '';
  return (
    <>
      <ProgressBar
        label={t.bar}
        title={phase === 'done' ? t.finished : current || t.states.waiting}
        titleShown={false}
        segments={[{ id: 'all', label: '', share: 1, state: 'running', fraction: done / rows.length }]}
      />
      <p className="batch-head__progress">
        <span>
          <Rich text={t.done(done, rows.length)} />
        </span>
        {pace !== null && <span>{t.pace(pace)}</span>}
        {left !== null && left > 3 && <span>{t.left(left)}</span>}
        {phase === 'done' && <span>{t.finished}</span>}
        <span className="batch-head__safe">{retentionText(state, t)}</span>
      </p>
    </>
  );
}

/** Consequence of closing the page. */
function retentionText(
  { persistent, saving, phase, rows, retained }: BatchState,
  t: ReturnType<typeof useBatchMessages>,
): string {
  if (!persistent) return t.notStored;
  if (saving) return t.keeping;
  if (phase === 'done') return '';
  const left = rows.filter((row) => !hasEnded(row));
  return left.every(({ path }) => retained.has(path)) ? t.safe : t.chooseAgain;
}

const GRADES: readonly Grade[] = [5, 4, 3, 2, 1];

function Filters({
  rows,
  view,
  onView,
}: Pick<BatchHeadProps, 'view' | 'onView'> & { readonly rows: readonly BatchRow[] }) {
  const t = useBatchMessages();
  const messages = useMessages();
  const counts = filterCounts(rows);
  const chip = (filter: Filter, label: string, always = false) => {
    const n = counts.get(filter) ?? 0;
    if (n === 0 && !always) return null;
    return (
      <button
        key={String(filter)}
        type="button"
        className="batch-chip"
        aria-pressed={view.filter === filter}
        onClick={() => onView({ ...view, filter: view.filter === filter ? 'all' : filter })}
      >
        {typeof filter === 'number' && <BandGlyph band={filter} size={12} />}
        <span>{label}</span>
        <span className="batch-chip__n">{count(n)}</span>
      </button>
    );
  };
  return (
    <div className="batch-head__filters">
      <fieldset>
        <legend className="ui-sr">{t.filters.label}</legend>
        {chip('all', t.filters.all, true)}
        {GRADES.map((grade) => chip(grade, messages.grades.names[grade - 1] ?? '', true))}
        {chip('none', t.filters.none)}
        {chip('failed', t.filters.failed, true)}
        {chip('skipped', t.filters.skipped)}
        {chip('waiting', t.filters.waiting, true)}
      </fieldset>
    </div>
  );
}
