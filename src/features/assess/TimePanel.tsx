/** Seconds per stage of the run, as a bar and as a list, with decoded frames and tokens per second. */
import { useState } from 'react';
import type { AssessState } from '../../assessment/assess-store.ts';
import { STAGES, type Stage, stagesOf } from '../../assessment/run/stages.ts';
import { cssVariables } from '../../ui/css-variables.ts';
import { Sentences } from '../../ui/Sentences.tsx';
import type { AssessMessages } from './messages/useAssessMessages.ts';
import { useAssessMessages } from './messages/useAssessMessages.ts';
import './TimePanel.css';

export interface TimePanelProps {
  readonly stages: AssessState['stages'];
  readonly firstWord: number | null;
  readonly report: AssessState['report'];
  readonly answer: AssessState['answer'];
  readonly model: AssessState['model'];
  /** Frames of the video. */
  readonly frames: number;
  /** False for a model that generates no text. */
  readonly writes: boolean;
}

export function TimePanel({ stages, firstWord, report, answer, model, frames, writes }: TimePanelProps) {
  const t = useAssessMessages();
  const [hovered, setHovered] = useState<Stage | null>(null);
  const shown = stagesOf(writes);
  const total = STAGES.reduce((sum, stage) => sum + stages[stage].seconds, 0);
  const lines: string[] = [];
  if (report) {
    const { wanted, decoded } = report;
    const pairs = model?.profile.motion.frames === 'successors' ? model.profile.frames : 0;
    lines.push(t.time.decoded(decoded, frames, wanted, wanted === 2 * pairs ? pairs : null));
  }
  if (answer && model && stages.generate.seconds > 0) {
    const rate = (answer.tokens / stages.generate.seconds).toFixed(0);
    lines.push(t.time.wrote(answer.tokens, rate, deviceText(model, t)));
  }
  if (answer && answer.framesReused > 0) lines.push(t.time.reused(answer.framesReused));
  return (
    <section className="assess-time" aria-label={t.time.title}>
      <p className="assess-time__head">
        <strong>{t.time.title}</strong>{' '}
        <span>{firstWord === null ? t.time.inAllNoWord(total) : t.time.inAll(total, firstWord)}</span>
      </p>
      <div className="assess-time__bar" aria-hidden="true">
        {shown.map((stage, i) => (
          <span
            key={stage}
            className={`assess-time__part assess-time__part--${i % 3}`}
            style={cssVariables({ '--share': stages[stage].seconds })}
            title={`${t.progress.stages[stage]} ${t.units.seconds(stages[stage].seconds)}`}
            onPointerEnter={() => setHovered(stage)}
            onPointerLeave={() => setHovered(null)}
          />
        ))}
      </div>
      <dl className="assess-time__list">
        {shown.map((stage, i) => (
          <div
            key={stage}
            className={`assess-time__item${hovered === stage ? ' assess-time__item--lit' : ''}`}
          >
            <dt>
              <span className={`assess-time__key assess-time__part--${i % 3}`} />
              {t.progress.stages[stage]}
            </dt>
            <dd>{stages[stage].state === 'reused' ? t.progress.reused : stages[stage].seconds.toFixed(2)}</dd>
          </div>
        ))}
        <div className="assess-time__item assess-time__item--total">
          <dt>{t.time.total}</dt>
          <dd>{t.units.seconds(total)}</dd>
        </div>
      </dl>
      {lines.length > 0 && (
        <p className="assess-time__words">
          <Sentences>
            {lines.map((line) => (
              <span key={line}>{line}</span>
            ))}
          </Sentences>
        </p>
      )}
    </section>
  );
}

function deviceText(model: NonNullable<AssessState['model']>, t: AssessMessages): string {
  return model.backend === 'webgpu' ? t.time.adapter(model.adapter) : t.time.threads(model.threads);
}
