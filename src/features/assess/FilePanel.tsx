/** Name and facts of the file, and the queue behind it. */

import type { CodedErrorData } from '../../../core/errors.ts';
import type { Result } from '../../../core/files/result.ts';
import { codecName } from '../../../core/text/codec-names.ts';
import { bytes } from '../../../core/text/format.ts';
import type { VideoFacts } from '../../../workers/media/api.ts';
import { Button } from '../../ui/Button.tsx';
import type { AssessMessages } from './messages/useAssessMessages.ts';
import { useAssessMessages } from './messages/useAssessMessages.ts';
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

/** Frame rate with at most three decimals (25, 29.97, 23.976), by the minute below one a second; one frame has none. */
function rateText(fps: number, frames: number | undefined, t: AssessMessages): string {
  if (frames === 1) return t.file.singleFrame;
  if (fps === 0) return t.file.rateUnknown;
  return fps < 1
    ? t.file.perMinute(String(Number((fps * 60).toFixed(1))))
    : t.file.perSecond(String(Number(fps.toFixed(3))));
}

function colourText(colour: VideoFacts['colour'], t: AssessMessages): string {
  const base =
    colour.source === 'none'
      ? t.file.untagged
      : t.file.tagged(MATRIX[colour.matrix], colour.range === 'full');
  return colour.transfer === 'sdr' ? base : `${base}; ${t.file.hdr(colour.transfer.toUpperCase())}`;
}

/** Size of the file, and its bit rate where the length is known. */
const sizeText = (size: number, seconds: number, t: AssessMessages): string =>
  seconds > 0 ? t.file.sizeValue(size, Math.round((size * 8) / seconds / 1000)) : bytes(size);

export function factRows(facts: VideoFacts, t: AssessMessages): FactRow[] {
  const { width, height, rotation, fps, duration, frames } = facts;
  const turned = `${rotation === 0 ? '' : `, ${t.file.rotated(rotation)}`}${facts.mirrored ? `, ${t.file.mirrored}` : ''}`;
  return [
    { label: t.file.image, value: t.file.imageValue(width, height, rateText(fps, frames, t)) + turned },
    { label: t.file.length, value: t.file.lengthValue(duration, frames) },
    { label: t.file.codec, value: t.file.codecValue(facts.codecName, facts.bitDepth, facts.chroma) },
    { label: t.file.colour, value: colourText(facts.colour, t) },
    { label: t.file.size, value: sizeText(facts.bytes, duration, t) },
  ];
}

/** Facts of the video as a result file holds them. */
export function resultRows({ file, model }: Result, t: AssessMessages): FactRow[] {
  const seconds = file.fps > 0 ? file.frames / file.fps : 0;
  return [
    {
      label: t.file.image,
      value: t.file.imageValue(file.width, file.height, rateText(file.fps, file.frames, t)),
    },
    {
      label: t.file.length,
      value: seconds > 0 ? t.file.lengthValue(seconds, file.frames) : t.units.frames(file.frames),
    },
    { label: t.file.codec, value: codecName(file.codec) },
    { label: t.file.colour, value: colourText(file.colour, t) },
    { label: t.file.size, value: sizeText(file.bytes, seconds, t) },
    { label: t.file.model, value: modelText(model.name, model.dtype, model.backend, t) },
  ];
}

export const modelText = (
  name: string,
  dtype: string,
  backend: 'wasm' | 'webgpu',
  t: AssessMessages,
): string => t.assess.modelValue(name, dtype, backend === 'wasm' ? t.assess.onProcessor : t.assess.onAdapter);

/** Facts of a file that could not be opened: its size and the parameters of the error. */
export function errorRows(file: File, error: CodedErrorData, t: AssessMessages): FactRow[] {
  const { codec, width, height, fps, frames, duration } = error.params;
  const rows: FactRow[] = [];
  const one = typeof frames === 'number' ? frames : undefined;
  if (typeof width === 'number' && typeof height === 'number' && typeof fps === 'number' && width > 0)
    rows.push({ label: t.file.image, value: t.file.imageValue(width, height, rateText(fps, one, t)) });
  if (typeof frames === 'number' && typeof duration === 'number')
    rows.push({ label: t.file.length, value: t.file.lengthValue(duration, frames) });
  if (typeof codec === 'string') rows.push({ label: t.file.codec, value: codecName(codec) });
  rows.push({ label: t.file.size, value: bytes(file.size) });
  return rows;
}

export interface FilePanelProps {
  readonly name: string;
  readonly rows: readonly FactRow[];
  /** Files that are assessed after this one. */
  readonly queue: readonly File[];
  readonly onUnqueue: (file: File) => void;
}

export function FilePanel({ name, rows, queue, onUnqueue }: FilePanelProps) {
  const t = useAssessMessages();
  return (
    <section className="assess-file" aria-label={t.assess.fileFacts}>
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
  const t = useAssessMessages();
  return (
    <div className="assess-queue">
      <span className="assess-queue__title">{t.assess.queueTitle}</span>
      <ol className="assess-queue__list">
        {queue.map((file, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the same file may wait twice
          <li key={`${file.name}${i}`}>
            <Button
              look="quiet"
              aria-label={t.assess.queueRemove(file.name)}
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
