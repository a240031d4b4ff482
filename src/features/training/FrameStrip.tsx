/** Frames that the model saw, in its order; images come from the server, each once. */
import { useEffect, useState } from 'react';
import type { GroupRecord } from '../../../core/training/run.ts';
import { frameUrl } from './frames.ts';
import { useTrainingMessages } from './messages/useTrainingMessages.ts';
import './FrameStrip.css';

export interface FrameStripProps {
  readonly run: string;
  readonly record: GroupRecord;
  readonly side: 'original' | 'perturbed';
  readonly large: boolean;
}

export function FrameStrip({ run, record, side, large }: FrameStripProps) {
  const t = useTrainingMessages();
  const indices = (side === 'perturbed' ? perturbationOf(record)?.indices : null) ?? record.indices;
  return (
    <ol
      className={`training-frames${large ? ' training-frames--large' : ''}`}
      aria-label={t.completions.frames(indices.length)}
    >
      {indices.map((index, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: frames are identified by position; they may repeat
        <Frame key={i} run={run} video={record.video} index={index} nth={i + 1} />
      ))}
    </ol>
  );
}

/** Perturbation of the copy; where each completion has its own copy, that of the first. */
export const perturbationOf = ({ perturbation, perturbedCompletions }: GroupRecord) =>
  perturbation ?? perturbedCompletions[0]?.perturbation ?? null;

function Frame(props: { run: string; video: string; index: number | null; nth: number }) {
  const { run, video, index, nth } = props;
  const t = useTrainingMessages();
  const [url, setUrl] = useState<string | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    setFailed(false);
    if (index === null) return;
    let current = true;
    frameUrl(run, video, index).then(
      (made) => current && setUrl(made),
      () => current && setFailed(true),
    );
    return () => {
      current = false;
    };
  }, [run, video, index]);
  const name = index === null ? t.completions.blackFrame(nth) : t.completions.frame(nth, index);
  return (
    <li
      className={`training-frames__frame${index === null ? ' training-frames__frame--black' : ''}`}
      title={failed ? t.completions.noImage : name}
    >
      {url && index !== null && !failed ? (
        <img src={url} alt={name} draggable={false} />
      ) : (
        <span className="ui-sr">{failed ? `${name}. ${t.completions.noImage}` : name}</span>
      )}
    </li>
  );
}
