/** Which file it is, as far as it is known. */

import type { CodedErrorData } from '../../../core/errors.ts';
import type { Result } from '../../../core/files/result.ts';
import { bytes } from '../../../core/text/format.ts';
import type { VideoFacts } from '../../../workers/media/api.ts';
import { Button } from '../../ui/Button.tsx';
import type { Words } from '../../ui/messages/en.ts';
import { useWords } from '../../ui/messages/useWords.tsx';
import './FilePanel.css';

const MATRIX = {
  bt601: 'BT.601',
  bt709: 'BT.709',
  bt2020: 'BT.2020',
  smpte240m: 'SMPTE 240M',
  fcc: 'FCC',
  identity: 'RGB',
} as const;

export interface FactRow {
  readonly label: string;
  readonly value: string;
}

/** At most three decimals: 25, 29.97, 23.976. */
const rate = (fps: number): string => String(Number(fps.toFixed(3)));

function colourWords(colour: VideoFacts['colour'], w: Words): string {
  const base =
    colour.source === 'none'
      ? w.file.untagged
      : w.file.tagged(MATRIX[colour.matrix], colour.range === 'full');
  return colour.transfer === 'sdr' ? base : `${base}; ${w.file.hdr(colour.transfer.toUpperCase())}`;
}

export function factRows(facts: VideoFacts, w: Words): FactRow[] {
  const { width, height, rotation, fps, duration, frames } = facts;
  const turned = rotation === 0 ? '' : `, ${w.file.rotated(rotation)}`;
  const kilobits = duration > 0 ? Math.round((facts.bytes * 8) / duration / 1000) : 0;
  return [
    { label: w.file.picture, value: w.file.pictureValue(width, height, rate(fps)) + turned },
    { label: w.file.length, value: w.file.lengthValue(duration, frames) },
    { label: w.file.codec, value: w.file.codecValue(facts.codecName, facts.bitDepth, facts.chroma) },
    { label: w.file.colour, value: colourWords(facts.colour, w) },
    { label: w.file.size, value: w.file.sizeValue(facts.bytes, kilobits) },
  ];
}

/** What a result file says of its video. */
export function resultRows({ file, model }: Result, w: Words): FactRow[] {
  return [
    { label: w.file.picture, value: w.file.pictureValue(file.width, file.height, rate(file.fps)) },
    { label: w.file.length, value: w.units.frames(file.frames) },
    { label: w.file.codec, value: file.codec },
    { label: w.file.colour, value: colourWords(file.colour, w) },
    { label: w.file.size, value: bytes(file.bytes) },
    { label: w.file.model, value: modelWords(model.name, model.dtype, model.backend, w) },
  ];
}

export const modelWords = (name: string, dtype: string, backend: 'wasm' | 'webgpu', w: Words): string =>
  w.assess.modelValue(name, dtype, backend === 'wasm' ? w.assess.onProcessor : w.assess.onAdapter);

/** What is known of a file that could not be opened: its size, and what the error carries. */
export function errorRows(file: File, error: CodedErrorData, w: Words): FactRow[] {
  const { codec, width, height, fps, frames, duration } = error.params;
  const rows: FactRow[] = [];
  if (typeof width === 'number' && typeof height === 'number' && typeof fps === 'number')
    rows.push({ label: w.file.picture, value: w.file.pictureValue(width, height, rate(fps)) });
  if (typeof frames === 'number' && typeof duration === 'number')
    rows.push({ label: w.file.length, value: w.file.lengthValue(duration, frames) });
  if (typeof codec === 'string') rows.push({ label: w.file.codec, value: codec });
  rows.push({ label: w.file.size, value: bytes(file.size) });
  return rows;
}

export interface FilePanelProps {
  readonly name: string;
  readonly rows: readonly FactRow[];
  /** Files that wait behind this one. */
  readonly queue: readonly File[];
  readonly onUnqueue: (file: File) => void;
}

export function FilePanel({ name, rows, queue, onUnqueue }: FilePanelProps) {
  const w = useWords();
  return (
    <section className="assess-file" aria-label={w.assess.stageFacts}>
      <h2 className="assess-file__name">{name}</h2>
      <dl className="assess-file__rows">
        {rows.map(({ label, value }) => (
          <div key={label} className="assess-file__row">
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {queue.length > 0 && <Queue queue={queue} onUnqueue={onUnqueue} />}
    </section>
  );
}

export function Queue({ queue, onUnqueue }: Pick<FilePanelProps, 'queue' | 'onUnqueue'>) {
  const w = useWords();
  return (
    <div className="assess-queue">
      <span className="assess-queue__title">{w.assess.queueTitle}</span>
      <ol className="assess-queue__list">
        {queue.map((file, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the same file may wait twice
          <li key={`${file.name}${i}`}>
            <Button
              look="quiet"
              aria-label={w.assess.queueRemove(file.name)}
              onClick={() => onUnqueue(file)}
              iconAfter="close"
            >
              {file.name}
            </Button>
          </li>
        ))}
      </ol>
    </div>
  );
}
