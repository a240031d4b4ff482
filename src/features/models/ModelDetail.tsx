/** The chosen package: will it run here, line by line; what was measured; facts; its card and files. */
import { Suspense, useEffect, useState } from 'react';
import type { Machine } from '../../../core/files/machine.ts';
import { bytes, correlation, count } from '../../../core/text/format.ts';
import type { PackageManifest } from '../../../core/vqa2/manifest.ts';
import { packages } from '../../assessment/model/packages-session.ts';
import type { PackageRow } from '../../assessment/model/packages-store.ts';
import { lazyPart } from '../../page/lazy-part.ts';
import { Button, TextButton } from '../../ui/Button.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { ScrollBox } from '../../ui/ScrollBox.tsx';
import type { ModelsMessages } from './messages/en.ts';
import './ModelDetail.css';
import { cardOf } from './card.ts';
import { ModelCard } from './ModelCard.tsx';
import { useRowView } from './ModelRow.tsx';
import { useModelsMessages } from './messages/useModelsMessages.ts';
import { NeedsTable } from './NeedsTable.tsx';

const benchmark = lazyPart(() => import('./Benchmark.tsx'));

export function ModelDetail({
  row,
  machine,
}: {
  readonly row: PackageRow;
  readonly machine: Machine | null;
}) {
  const t = useModelsMessages();
  const view = useRowView(row);
  const [dialog, setDialog] = useState<'card' | 'files' | 'benchmark' | null>(null);
  const { manifest, stored, work } = row;
  // A package that scores by level words generates nothing.
  const measurable = manifest.family === 'vqathinker' && (view.state === 'ready' || view.state === 'in-use');
  const Benchmark = benchmark();
  return (
    <section className="models-detail" aria-label={manifest.name}>
      <div className="models-detail__body">
        <h2 className="models-detail__name">{manifest.name}</h2>
        {view.verdict && <NeedsTable verdict={view.verdict} machine={machine} may={t.needs.may} />}
        <MetricTable manifest={manifest} />
        <Facts manifest={manifest} />
      </div>
      <footer className="models-detail__foot">
        <Button onClick={() => setDialog('card')}>{t.card}</Button>
        <Button onClick={() => setDialog('files')}>{t.fileList}</Button>
        {stored && work.kind === 'none' && (
          <Button onClick={() => void packages.verify(row.id)}>{t.verify}</Button>
        )}
        {measurable && <Button onClick={() => setDialog('benchmark')}>{t.benchmark}</Button>}
      </footer>
      {dialog === 'benchmark' && (
        <Suspense>
          <Benchmark id={row.id} name={manifest.name} onClose={() => setDialog(null)} />
        </Suspense>
      )}
      {dialog === 'card' && <Card row={row} onClose={() => setDialog(null)} />}
      {dialog === 'files' && <Files row={row} onClose={() => setDialog(null)} />}
    </section>
  );
}

/** Most metrics are shares and correlations; a count is a whole number above one. */
const metricText = (value: number): string =>
  Number.isInteger(value) && value > 1 ? count(value) : correlation(value);

/** Metrics shown before "show all"; a package lists the important ones first. */
const FIRST = 8;

function MetricTable({ manifest }: { readonly manifest: PackageManifest }) {
  const { metrics: t } = useModelsMessages();
  const [all, setAll] = useState(false);
  const few = manifest.metrics.length <= FIRST;
  if (manifest.metrics.length === 0) return <p className="models-detail__note">{t.none}</p>;
  return (
    <section>
      <table className="models-table models-table--numbers">
        <caption>{t.title}</caption>
        <thead>
          <tr>
            <th scope="col">{t.name}</th>
            <th scope="col">{t.value}</th>
            <th scope="col">{t.interval}</th>
            <th scope="col">{t.n}</th>
          </tr>
        </thead>
        <tbody>
          {(all ? manifest.metrics : manifest.metrics.slice(0, FIRST)).map(
            ({ name, value, low, high, n }) => (
              <tr key={name}>
                <th scope="row">{t.nameOf(name)}</th>
                <td>{metricText(value)}</td>
                <td>
                  {low === undefined || high === undefined ? '' : t.range(metricText(low), metricText(high))}
                </td>
                <td>{count(n)}</td>
              </tr>
            ),
          )}
        </tbody>
      </table>
      <p className="models-detail__note">
        {t.note}{' '}
        {!few && (
          <TextButton aria-expanded={all} onClick={() => setAll(!all)}>
            {all ? t.first : t.all(manifest.metrics.length)}
          </TextButton>
        )}
      </p>
    </section>
  );
}

function scaleText(manifest: PackageManifest, t: ModelsMessages): string {
  if (manifest.family === 'vqa2') return t.facts.scaleLevels;
  const { scale } = manifest;
  if (scale.kind === 'human')
    return t.facts.scaleHuman(scale.datasets.map(({ name }) => name).join(', '), scale.map);
  return scale.kind === 'own' ? t.facts.scaleOfModel(scale.n) : t.facts.scaleUnmeasured;
}

function looksText(manifest: PackageManifest, { facts: f }: ModelsMessages): string {
  if (manifest.family === 'vqa2')
    return f.looksEverySecond(manifest.network.side, manifest.network.positions);
  return f.looksValue(manifest.profile.frames, manifest.profile.size);
}

function vqa2Lines(manifest: PackageManifest, { facts: f }: ModelsMessages): readonly [string, string][] {
  if (manifest.family !== 'vqa2') return [];
  return [
    [f.role, f.roles[manifest.role]],
    [f.protocol, manifest.protocol],
  ];
}

function Facts({ manifest }: { readonly manifest: PackageManifest }) {
  const t = useModelsMessages();
  const { facts: f } = t;
  const lines: readonly [string, string][] = [
    [f.scale, scaleText(manifest, t)],
    [f.looks, looksText(manifest, t)],
    ...vqa2Lines(manifest, t),
    [f.files, f.filesValue(manifest.files.length)],
    [f.format, `${manifest.format}, ${t.family[manifest.family]}`],
    [f.licence, manifest.licence],
    [f.checkpoint, manifest.producedBy.checkpointSha256.slice(0, 16)],
  ];
  return (
    <dl className="models-facts" aria-label={f.title}>
      {lines.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

interface DialogFor {
  readonly row: PackageRow;
  readonly onClose: () => void;
}

function Card({ row, onClose }: DialogFor) {
  const t = useModelsMessages();
  const [text, setText] = useState<string | null>(null);
  const [missing, setMissing] = useState(false);
  useEffect(() => {
    let gone = false;
    cardOf(row).then(
      (card) => {
        if (!gone) setText(card);
      },
      () => {
        if (!gone) setMissing(true);
      },
    );
    return () => {
      gone = true;
    };
  }, [row]);
  return (
    <Dialog title={t.cardTitle(row.manifest.name)} onClose={onClose}>
      {missing ? <p>{t.cardMissing}</p> : <ModelCard text={text ?? ''} />}
    </Dialog>
  );
}

function Files({ row, onClose }: DialogFor) {
  const t = useModelsMessages();
  const states = new Map(row.stored?.files.map(({ path, state }) => [path, state]));
  return (
    <Dialog title={t.fileListTitle(row.manifest.name)} onClose={onClose}>
      <ScrollBox className="models-files" name={t.fileListTitle(row.manifest.name)}>
        <table className="models-table models-table--files">
          <thead>
            <tr>
              <th scope="col">{t.fileColumns.file}</th>
              <th scope="col">{t.fileColumns.size}</th>
              {row.stored && <th scope="col">{t.fileColumns.state}</th>}
              <th scope="col">SHA-256</th>
            </tr>
          </thead>
          <tbody>
            {row.manifest.files.map((file) => (
              <tr key={file.path}>
                <th scope="row">{file.path}</th>
                <td>{bytes(file.bytes)}</td>
                {row.stored && <td>{t.fileState[states.get(file.path) ?? 'missing']}</td>}
                <td>
                  <code title={file.sha256}>{file.sha256.slice(0, 12)}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollBox>
    </Dialog>
  );
}
