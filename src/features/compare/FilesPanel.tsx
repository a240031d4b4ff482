/** The two videos with the facts that an encoding is judged by, a row each. */
import { useStore } from 'zustand';
import { clock as time } from '../../../core/text/format.ts';
import type { VideoFacts } from '../../../workers/media/api.ts';
import { Button } from '../../ui/Button.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { kilobits } from './bit-rate.ts';
import { useCompareMessages } from './messages/useCompareMessages.ts';
import { SideLetter } from './SideLetter.tsx';
import { compare } from './state/session.ts';
import './FilesPanel.css';

/** At most three decimals: 25, 29.97, 23.976. */
const rate = (fps: number): string => String(Number(fps.toFixed(3)));

export function FilesPanel({ onChoose }: { readonly onChoose: (side: 'a' | 'b') => void }) {
  const t = useCompareMessages();
  const { a, b } = useStore(compare.store);
  if (!a || !b) return null;
  const { columns } = t.files;
  return (
    <Panel
      title={t.files.title}
      note=""
      tools={
        <Button look="quiet" onClick={compare.closeB}>
          {t.perturbation.back}
        </Button>
      }
    >
      <div className="compare-files__scroll">
        <table className="compare-files">
          <thead>
            <tr className="compare-files__head">
              {(
                [columns.codec, columns.bitRate, columns.size, columns.frameRate, columns.duration] as const
              ).map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          {(
            [
              ['a', a],
              ['b', b],
            ] as const
          ).map(([name, { video }]) => (
            <Rows key={name} name={name} facts={video.facts} onChoose={() => onChoose(name)} />
          ))}
        </table>
      </div>
    </Panel>
  );
}

function Rows(props: {
  readonly name: 'a' | 'b';
  readonly facts: VideoFacts;
  readonly onChoose: () => void;
}) {
  const { name, facts, onChoose } = props;
  const t = useCompareMessages();
  return (
    <tbody>
      <tr className="compare-files__file">
        <th scope="rowgroup" colSpan={5}>
          <span className="compare-files__name">
            <SideLetter name={name} /> <span>{facts.name}</span>
            <Button look="quiet" aria-label={t.files.replaceSide(name.toUpperCase())} onClick={onChoose}>
              {t.files.replace}
            </Button>
          </span>
        </th>
      </tr>
      <tr>
        <td>{t.files.codec(facts.codecName, facts.bitDepth)}</td>
        <td>{t.files.bitRate(kilobits(facts))}</td>
        <td>
          {facts.width} × {facts.height}
        </td>
        <td>{rate(facts.fps)}</td>
        <td>{time(facts.duration)}</td>
      </tr>
    </tbody>
  );
}
