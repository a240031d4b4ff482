/** Checkpoints with their metrics, laid beside one of them; each can become a package for the Models page. */
import { useEffect, useState } from 'react';
import { useStore } from 'zustand';
import type { CodedErrorData } from '../../../core/errors.ts';
import { bytes, count, signed } from '../../../core/text/format.ts';
import type { Checkpoint, Run } from '../../../core/training/run.ts';
import { Button } from '../../ui/Button.tsx';
import { cssVariables } from '../../ui/css-variables.ts';
import { useErrorText, useMessages } from '../../ui/messages/useMessages.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { ScrollBox } from '../../ui/ScrollBox.tsx';
import { Segmented } from '../../ui/Segmented.tsx';
import { training } from './state/session.ts';
import './CheckpointsTab.css';
import { readable } from './chart-data.ts';
import { useTrainingMessages } from './messages/useTrainingMessages.ts';
import { nameOf, usePackage } from './usePackage.ts';

export function CheckpointsTab({ run }: { readonly run: Run }) {
  const t = useTrainingMessages();
  const all = useStore(training.store, (state) => state.checkpoints);
  const [whose, setWhose] = useState<'this' | 'all'>('this');
  const [reference, setReference] = useState<string | null>(null);
  const [sort, setSort] = useState<{ by: string; down: boolean }>({ by: 'step', down: true });
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new checkpoint is a reason to look again
  useEffect(() => void training.loadCheckpoints(), [run.id, run.savedStep]);

  const shown = (all ?? []).filter((one) => whose === 'all' || one.run === run.id);
  const names = [...new Set(shown.flatMap((one) => Object.keys(one.metrics)))].sort();
  const base = shown.find((one) => one.id === reference) ?? null;
  const value = (one: Checkpoint): number | string =>
    sort.by === 'step'
      ? (one.step ?? -1)
      : sort.by === 'size'
        ? one.bytes
        : (one.metrics[sort.by] ?? -Infinity);
  const rows = [...shown].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    return (x < y ? -1 : x > y ? 1 : 0) * (sort.down ? -1 : 1);
  });
  const head = (by: string, label: string) => (
    <th
      key={by}
      scope="col"
      aria-sort={sort.by === by ? (sort.down ? 'descending' : 'ascending') : undefined}
      className="training-points__number"
    >
      <button type="button" onClick={() => setSort({ by, down: sort.by === by ? !sort.down : true })}>
        {label}
        <span aria-hidden="true">{sort.by === by ? (sort.down ? ' ↓' : ' ↑') : ''}</span>
      </button>
    </th>
  );
  return (
    <Panel
      title={t.checkpoints.title}
      note={
        base ? t.checkpoints.base(nameOf(base.id)) : shown.length > 1 ? t.checkpoints.baseNone : undefined
      }
      flush
      tools={
        <Segmented
          label={t.checkpoints.which}
          value={whose}
          options={[
            { value: 'this', label: t.checkpoints.this },
            { value: 'all', label: t.checkpoints.all },
          ]}
          onChange={setWhose}
        />
      }
    >
      {rows.length === 0 ? (
        <p className="training-wait">{all === null ? t.recipe.loading : t.checkpoints.none}</p>
      ) : (
        <ScrollBox className="training-points__scroll" name={t.checkpoints.title}>
          <table className="training-points">
            <thead>
              <tr>
                <th scope="col">
                  <span className="ui-sr">{t.checkpoints.reference}</span>
                </th>
                {whose === 'all' && <th scope="col">{t.checkpoints.run}</th>}
                {head('step', t.checkpoints.step)}
                <th scope="col">{t.checkpoints.mark}</th>
                {names.map((name) => head(name, metricName(name)))}
                {head('size', t.checkpoints.size)}
                <th scope="col">{t.checkpoints.written}</th>
                <th scope="col">{t.checkpoints.package}</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((one) => (
                <Row
                  key={one.id}
                  checkpoint={one}
                  names={names}
                  base={base}
                  showRun={whose === 'all'}
                  onReference={() => setReference(one.id === reference ? null : one.id)}
                />
              ))}
            </tbody>
          </table>
        </ScrollBox>
      )}
    </Panel>
  );
}

/** `eval/srcc` as it is called among people. */
const metricName = (name: string): string => {
  const bare = name.replace(/^eval\//, '');
  return /^(srcc|plcc|krcc|rmse)$/.test(bare) ? bare.toUpperCase() : bare.replaceAll('_', ' ');
};

function Row(props: {
  readonly checkpoint: Checkpoint;
  readonly names: readonly string[];
  readonly base: Checkpoint | null;
  readonly showRun: boolean;
  readonly onReference: () => void;
}) {
  const { checkpoint: one, names, base, showRun, onReference } = props;
  const t = useTrainingMessages();
  const messages = useMessages();
  const isBase = base?.id === one.id;
  const seconds = Math.max(0, (Date.now() - Date.parse(one.createdAt)) / 1000);
  return (
    <tr className={isBase ? 'training-points__row--base' : undefined}>
      <td>
        <input
          type="checkbox"
          className="training-points__choose"
          checked={isBase}
          aria-label={`${t.checkpoints.reference} ${nameOf(one.id)}`}
          onChange={onReference}
        />
      </td>
      {showRun && (
        <td className="training-points__run">{one.run ? nameOf(one.id).replace(/,.*$/, '') : one.id}</td>
      )}
      <th scope="row" className="training-points__number">
        {one.step === null ? t.checkpoints.onlyFolder : count(one.step)}
      </th>
      <td>
        {[one.best ? t.checkpoints.best : '', one.last ? t.checkpoints.last : ''].filter(Boolean).join(', ')}
      </td>
      {names.map((name) => (
        <MetricCell
          key={name}
          value={one.metrics[name] ?? null}
          base={isBase ? null : (base?.metrics[name] ?? null)}
        />
      ))}
      <td className="training-points__number">{bytes(one.bytes)}</td>
      <td className="training-points__when" title={one.createdAt}>
        {messages.units.ago(seconds)}
      </td>
      <td className="training-points__package">
        <PackageCell id={one.id} />
      </td>
    </tr>
  );
}

function MetricCell({ value, base }: { readonly value: number | null; readonly base: number | null }) {
  return (
    <td className="training-points__number">
      {value === null ? '–' : readable(value)}
      {value !== null && base !== null && (
        <span className="training-points__difference">{signed(value - base, 3).replace(/0\./, '.')}</span>
      )}
    </td>
  );
}

function PackageCell({ id }: { readonly id: string }) {
  const t = useTrainingMessages();
  const { state, percent, manifestUrl, error, send } = usePackage(id);
  const [copied, setCopied] = useState(false);
  if (state === 'making')
    return (
      <span className="training-points__making">
        <span
          className="training-points__bar"
          role="progressbar"
          aria-label={t.checkpoints.package}
          aria-valuenow={percent}
          aria-valuemin={0}
          aria-valuemax={100}
        >
          <span style={cssVariables({ '--filled': percent / 100 })} />
        </span>
        {t.checkpoints.making(percent)}
      </span>
    );
  if (manifestUrl !== null)
    return (
      <span className="training-points__ready">
        <Button icon="arrowRight" onClick={() => void send()}>
          {t.checkpoints.open}
        </Button>
        <Button
          look="quiet"
          icon={copied ? 'check' : 'copy'}
          title={manifestUrl}
          onClick={() => void navigator.clipboard.writeText(manifestUrl).then(() => setCopied(true))}
        >
          {copied ? t.checkpoints.copied : t.checkpoints.copyAddress}
        </Button>
      </span>
    );
  return (
    <span className="training-points__ready">
      <Button onClick={() => void send()}>
        {state === 'failed' ? t.checkpoints.again : t.checkpoints.make}
      </Button>
      {state === 'failed' && (
        <span className="training-points__failed">
          {t.checkpoints.failed} {error && <Reason error={error} />}
        </span>
      )}
    </span>
  );
}

/** Title of an error. */
const Reason = ({ error }: { readonly error: CodedErrorData }) => useErrorText(error).title;
