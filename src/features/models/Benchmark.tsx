/** Benchmark of this machine with a package: measurements beside their ceilings. Loaded when it is asked for. */
import { useEffect, useState } from 'react';
import { useStore } from 'zustand';
import type { AdapterRates, PackageSpeeds } from '../../../core/stats/benchmark.ts';
import { loadPackage, measureAdapter } from '../../assessment/model/packages-session.ts';
import { models } from '../../assessment/session.ts';
import { Button } from '../../ui/Button.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { ErrorCard } from '../../ui/ErrorCard.tsx';
import { Rich } from '../../ui/Rich.tsx';
import './Benchmark.css';
import { Benchmark as Run } from './benchmark/benchmark.ts';
import { captionOf, type TextRow, tableText, textRows } from './benchmark/rows.ts';
import { useBenchmarkMessages } from './messages/useBenchmarkMessages.ts';
import { useModelsMessages } from './messages/useModelsMessages.ts';

export interface BenchmarkProps {
  readonly id: string;
  readonly name: string;
  readonly onClose: () => void;
}

export default function Benchmark({ id, name, onClose }: BenchmarkProps) {
  const t = useBenchmarkMessages();
  const [run] = useState(
    () =>
      new Run({
        measureAdapter,
        load: () => loadPackage(models, id),
        measurePackage: (onStage, signal) => models.client.benchmark(onStage, signal),
      }),
  );
  useEffect(() => run.stop, [run]);
  const { step, rates, speeds, stopped, error } = useStore(run.store);
  return (
    <Dialog title={t.title} onClose={onClose}>
      <div className="models-benchmark">
        <p>
          <Rich text={t.lead(name)} />
        </p>
        {error && <ErrorCard error={error} />}
        {rates && <Results rates={rates} speeds={speeds} />}
        <div className="models-benchmark__actions">
          {step === null ? (
            <Button look="primary" onClick={() => void run.start()}>
              {rates ? t.again : t.start}
            </Button>
          ) : (
            <Button onClick={run.stop}>{t.stop}</Button>
          )}
          {rates && step === null && <Copy rates={rates} speeds={speeds} />}
          <span className="models-benchmark__running" role="status">
            {step !== null ? t.steps[step] : stopped ? t.stopped : ''}
          </span>
        </div>
      </div>
    </Dialog>
  );
}

interface ResultsProps {
  readonly rates: AdapterRates;
  readonly speeds: PackageSpeeds | null;
}

function useTexts({ rates, speeds }: ResultsProps) {
  const t = useBenchmarkMessages();
  const { dtype } = useModelsMessages();
  const nameOf = (name: string) => dtype[name as keyof typeof dtype] ?? name;
  return { rows: textRows(rates, speeds, t), caption: captionOf(rates, speeds, nameOf, t) };
}

function Copy(props: ResultsProps) {
  const t = useBenchmarkMessages();
  const { rows, caption } = useTexts(props);
  const [copied, setCopied] = useState(false);
  const text = tableText(caption, rows, t);
  return (
    <Button
      icon={copied ? 'check' : 'copy'}
      onClick={() => void navigator.clipboard.writeText(text).then(() => setCopied(true))}
    >
      {copied ? t.copied : t.copy}
    </Button>
  );
}

function Results(props: ResultsProps) {
  const t = useBenchmarkMessages();
  const { rows, caption } = useTexts(props);
  const { speeds } = props;
  return (
    <>
      <table className="models-table models-table--numbers">
        <caption>{caption}</caption>
        <thead>
          <tr>
            <th scope="col">{t.head.name}</th>
            <th scope="col">{t.head.measured}</th>
            <th scope="col">{t.head.ceiling}</th>
            <th scope="col">{t.head.share}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={row.name} row={row} />
          ))}
        </tbody>
      </table>
      {speeds && (
        <p className="models-detail__note">{speeds.backend === 'webgpu' ? t.note : t.noteProcessor}</p>
      )}
    </>
  );
}

function Row({ row: { label, measured, measurable, ceiling, share } }: { readonly row: TextRow }) {
  return (
    <tr>
      <th scope="row">{label}</th>
      {measurable ? (
        <>
          <td>{measured}</td>
          <td>{ceiling}</td>
          <td>{share}</td>
        </>
      ) : (
        <td colSpan={3} className="models-benchmark__unmeasured">
          {measured}
        </td>
      )}
    </tr>
  );
}
