/** The runs of the server: at the left where there is room, else behind a button over the page. */
import { useId, useState } from 'react';
import { useStore } from 'zustand';
import { count } from '../../../core/text/format.ts';
import type { Run } from '../../../core/training/run.ts';
import { Button } from '../../ui/Button.tsx';
import { Popover } from '../../ui/Popover.tsx';
import { readable } from './chart-data.ts';
import type { TrainingMessages } from './messages/en.ts';
import { lastValue } from './state/metrics.ts';
import { training } from './state/session.ts';
import './RunList.css';
import { useTrainingMessages } from './messages/useTrainingMessages.ts';
import { RunMark } from './RunMark.tsx';
import { ServerFoot } from './ServerFoot.tsx';
import { Sparkline } from './Sparkline.tsx';

interface Choose {
  readonly onNew: () => void;
  readonly onSelect: () => void;
}

/** The line under a run's name: its state, and the one figure that says most. */
export function stateLine(run: Run, t: TrainingMessages): string {
  const { state } = run;
  const word = t.runs.states[state];
  const srcc = run.latest['eval/srcc'];
  if (state === 'finished' && typeof srcc === 'number')
    return t.runs.line([word, t.runs.srcc(readable(srcc))]);
  if (state === 'queued' || state === 'starting') return word;
  const kl = run.reason?.params.kl;
  if (state === 'guarded' && kl !== undefined) return t.runs.guarded(`KL ${kl}`);
  if (state === 'stopped') return t.runs.line([word, count(run.step)]);
  return t.runs.line([word, t.runs.step(run.step)]);
}

export function RunList({ making, onNew, onSelect }: Choose & { readonly making: boolean }) {
  const t = useTrainingMessages();
  return (
    <nav className="training-runs" aria-label={t.runs.title}>
      <div className="training-runs__inner">
        <header className="training-runs__head">
          <h2>{t.runs.title}</h2>
          <Button icon="plus" {...(making ? { pressed: true } : {})} onClick={onNew}>
            {t.runs.new}
          </Button>
        </header>
        <Rows onSelect={onSelect} making={making} />
        <ServerFoot />
      </div>
    </nav>
  );
}

/** The same below 900 px: one line that opens the list. */
export function RunPicker({ onNew, onSelect }: Choose) {
  const t = useTrainingMessages();
  const { runs, selected } = useStore(training.store);
  const run = runs.find(({ id }) => id === selected);
  return (
    <div className="training-picker">
      <Popover
        label={t.runs.choose}
        align="start"
        button={(props) => (
          <button type="button" className="training-picker__button" {...props}>
            {run ? (
              <>
                <RunMark state={run.state} />
                <span className="training-picker__name">{run.recipe}</span>
                <span className="training-picker__state">{stateLine(run, t)}</span>
              </>
            ) : (
              <span className="training-picker__name">{t.runs.none}</span>
            )}
          </button>
        )}
      >
        {(close) => (
          <div className="training-picker__sheet">
            <Rows
              making={false}
              onSelect={() => {
                close();
                onSelect();
              }}
            />
            <ServerFoot />
          </div>
        )}
      </Popover>
      <Button icon="plus" onClick={onNew}>
        {t.runs.new}
      </Button>
    </div>
  );
}

function Rows({ onSelect, making }: { readonly onSelect: () => void; readonly making: boolean }) {
  const t = useTrainingMessages();
  const { runs, selected, compared } = useStore(training.store);
  const [comparing, setComparing] = useState(compared.length > 0);
  const help = useId();
  if (runs.length === 0) return <p className="training-runs__none">{t.runs.none}</p>;
  return (
    <>
      <ul className="training-runs__list">
        {runs.map((run) => (
          <RunRow
            key={run.id}
            run={run}
            open={run.id === selected && !making}
            comparing={comparing && run.id !== selected}
            compared={compared.includes(run.id)}
            onSelect={onSelect}
          />
        ))}
      </ul>
      {runs.length > 1 && (
        <div className="training-runs__compare">
          <Button
            look="quiet"
            icon="overlay"
            pressed={comparing}
            aria-describedby={comparing ? help : undefined}
            onClick={() => {
              if (comparing) for (const id of compared) training.toggleCompared(id);
              setComparing(!comparing);
            }}
          >
            {t.runs.compare}
          </Button>
          {comparing && (
            <p id={help} className="training-runs__help">
              {t.runs.compareHelp}
            </p>
          )}
        </div>
      )}
    </>
  );
}

function RunRow(props: {
  readonly run: Run;
  readonly open: boolean;
  readonly comparing: boolean;
  readonly compared: boolean;
  readonly onSelect: () => void;
}) {
  const { run, open, comparing, compared, onSelect } = props;
  const t = useTrainingMessages();
  const table = useStore(training.store, (state) => state.data.get(run.id)?.table);
  const version = useStore(training.store, (state) => state.data.get(run.id)?.version ?? 0);
  const curve = table && lastValue(table, ['reward']) !== null ? 'reward' : 'loss';
  return (
    <li className={`training-run${open ? ' training-run--open' : ''}`}>
      <button
        type="button"
        className="training-run__button"
        aria-current={open ? 'true' : undefined}
        onClick={() => {
          training.select(run.id);
          onSelect();
        }}
      >
        <RunMark state={run.state} />
        <span className="training-run__words">
          <span className="training-run__name">{run.recipe}</span>
          <span className="training-run__state">{stateLine(run, t)}</span>
        </span>
        {table && !comparing && <Sparkline key={version} values={table.columns.get(curve) ?? []} />}
      </button>
      {comparing && (
        <input
          type="checkbox"
          className="training-run__compare"
          aria-label={t.runs.compareRun(run.recipe)}
          checked={compared}
          onChange={() => training.toggleCompared(run.id)}
        />
      )}
    </li>
  );
}
