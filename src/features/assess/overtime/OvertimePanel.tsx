/** Quality over time: the curve over the strip, its worst moments, and what the model wrote about each segment. */
import { useEffect, useMemo, useRef } from 'react';
import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';
import { distortionLabel } from '../../../../core/answer/lexicon.ts';
import { worstSegments } from '../../../../core/sampling/overtime.ts';
import { currentTimeline, qualityTimeline } from '../../../assessment/timeline/session.ts';
import {
  type QualityTimelineState,
  type StoredTimeline,
  scoresOf,
} from '../../../assessment/timeline/store.ts';
import { saveFile } from '../../../page/save-file.ts';
import { useLeaveGuard } from '../../../page/useLeaveGuard.ts';
import { Button, IconButton } from '../../../ui/Button.tsx';
import { ErrorCard } from '../../../ui/ErrorCard.tsx';
import { stem } from '../../../ui/ffmpeg-line.ts';
import { Menu } from '../../../ui/Menu.tsx';
import { useLang, useWords } from '../../../ui/messages/useWords.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { ProgressBar } from '../../../ui/ProgressBar.tsx';
import type { Player } from '../player.ts';
import { inSentence } from '../trace-segments.ts';
import './Overtime.css';
import { type Clock, stillClock } from './clock.ts';
import { useOvertimeWords } from './messages/useOvertimeWords.ts';
import { curveCsv, curveJson, curveSvg } from './overtime-exports.ts';
import { factsOf, readout, secondsLeft, segmentAt, spanOf, stepsOf, timeLabels } from './overtime-view.ts';
import { Plot } from './Plot.tsx';
import { SegmentPanel } from './SegmentPanel.tsx';
import { SegmentTable } from './SegmentTable.tsx';
import { Worst } from './Worst.tsx';

/** Lengths on offer, in seconds. */
const LENGTHS = [5, 10, 15, 20, 30, 45, 60] as const;

export interface OvertimePanelProps {
  readonly file: File | null;
  /** Null while the video of a reopened curve is not there. */
  readonly player: Player | null;
  readonly curve: StoredTimeline | null;
  readonly onClose: () => void;
}

export default function OvertimePanel({ file, player, curve, onClose }: OvertimePanelProps) {
  const w = useWords();
  const o = useOvertimeWords();
  const lang = useLang();
  const state = useStore(qualityTimeline.store);
  const heading = useRef<HTMLHeadingElement>(null);
  /** The focus waits for the heading: its button went away with the offer. */
  const asked = useRef(false);
  const clock = useMemo(() => player ?? (curve && stillClock(curve.timeline)), [player, curve]);
  const video = player?.video ?? null;
  useEffect(() => {
    if (!file || !video) {
      if (curve) qualityTimeline.show(curve);
      return;
    }
    qualityTimeline.open(file, video, curve);
    // It was asked for by the button that brought it here; what was paused waits to be told to go on.
    if (qualityTimeline.store.getState().phase !== 'idle') return;
    asked.current = true;
    void qualityTimeline.run();
  }, [file, video, curve]);
  useLeaveGuard(state.phase === 'running');

  const { segments, results, phase } = state;
  const ours = state.video === video && segments.length > 0;
  useEffect(() => {
    if (!ours || !asked.current) return;
    asked.current = false;
    heading.current?.focus();
  }, [ours]);
  const frame = useFrame(clock);
  const chosen = segmentAt(segments, frame);
  const frames = clock?.video.times.length ?? 0;
  const steps = useMemo(() => stepsOf(segments, results, frames), [segments, results, frames]);
  const worst = useMemo(() => worstSegments(scoresOf(results)), [results]);
  const segment = segments[chosen];
  if (!ours || !segment || !clock) return null;
  const facts = factsOf(state, o);
  const said = readout(state, chosen, w, o);
  const first = results[chosen]?.named[0];
  const label = first === undefined ? said : `${said}; ${o.named(inSentence(distortionLabel(first, lang)))}`;
  const goTo = (at: number) => clock.seek(segments[at]?.from ?? 0);
  return (
    <figure className="overtime">
      <header className="overtime__head">
        <h2 className="overtime__title" ref={heading} tabIndex={-1}>
          {o.title}
        </h2>
        <span className="overtime__axes">{o.axes}</span>
        <Tools state={state} facts={facts} clock={clock} curve={curve} onClose={onClose} />
      </header>
      {player ? (
        <Progress state={state} />
      ) : (
        phase === 'paused' && <Notice>{o.dropToGoOn(clock.video.facts.name)}</Notice>
      )}
      {state.error && (
        <ErrorCard
          error={state.error}
          actions={[{ label: w.actions.tryAgain, onClick: () => void qualityTimeline.run() }]}
        />
      )}
      <p className="overtime__readout" aria-hidden="true">
        {label}
      </p>
      <Plot
        clock={clock}
        segments={segments}
        steps={steps}
        chosen={chosen}
        now={state.progress?.segment ?? null}
        worst={worst}
        readout={label}
      />
      <figcaption className="overtime__facts">{facts}</figcaption>
      <Worst segments={segments} results={results} worst={worst} chosen={chosen} onGoTo={goTo} />
      <SegmentPanel
        key={segment.from}
        nth={chosen}
        segment={segment}
        result={results[chosen] ?? null}
        clock={clock}
      />
      <SegmentTable segments={segments} results={results} onGoTo={goTo} />
      <p className="ui-sr" role="status">
        {phase === 'done' ? `${o.done} ${facts}` : ''}
      </p>
    </figure>
  );
}

/** The frame that the clock stands at; 0 without one. */
function useFrame(clock: Clock | null): number {
  return useStore(clock?.store ?? NO_CLOCK, ({ frame }) => frame);
}
const NO_CLOCK = createStore(() => ({ frame: 0 }));

function Tools(props: {
  readonly state: QualityTimelineState;
  readonly facts: string;
  readonly clock: Clock;
  readonly curve: StoredTimeline | null;
  readonly onClose: () => void;
}) {
  const { state, facts, clock, onClose } = props;
  const o = useOvertimeWords();
  const { phase, results, segments, seconds } = state;
  const failed = results.filter((result) => result?.score === null).length;
  const { facts: file, times } = clock.video;
  const json = currentTimeline() ?? (state.video ? null : props.curve);
  const name = o.fileName(stem(file.name));
  return (
    <div className="overtime__tools">
      <label className="overtime__length">
        {o.length}
        <select
          className="overtime__select ui-field"
          disabled={!state.video}
          value={seconds}
          onChange={(event) => qualityTimeline.setSeconds(Number(event.target.value))}
        >
          {LENGTHS.map((n) => (
            <option key={n} value={n}>
              {o.seconds(n)}
            </option>
          ))}
        </select>
      </label>
      {phase === 'running' && (
        <Button icon="pause" onClick={qualityTimeline.pause}>
          {o.pause}
        </Button>
      )}
      {state.video && (phase === 'paused' || phase === 'idle') && (
        <Button icon="play" onClick={() => void qualityTimeline.run()}>
          {phase === 'idle' ? o.start : o.resume}
        </Button>
      )}
      {state.video && phase === 'done' && failed > 0 && (
        <Button icon="retry" onClick={qualityTimeline.retryFailed}>
          {o.again(failed)}
        </Button>
      )}
      {results.some((result) => result !== null) && (
        <Menu
          label={o.export}
          items={[
            {
              id: 'json',
              label: o.json,
              // It holds the result of the whole clip, which a stopped run has not.
              disabled: json === null,
              onSelect: () => json && saveFile(`${name}.json`, curveJson(json), 'application/json'),
            },
            {
              id: 'csv',
              label: o.csv,
              onSelect: () => saveFile(`${name}.csv`, curveCsv(state), 'text/csv'),
            },
            {
              id: 'svg',
              label: o.svg,
              onSelect: () =>
                saveFile(
                  `${name}.svg`,
                  curveSvg(
                    stepsOf(segments, results, times.length),
                    timeLabels(times, file.duration),
                    `${o.title}: ${file.name}`,
                    facts,
                  ),
                  'image/svg+xml',
                ),
            },
          ]}
          button={(given) => <IconButton {...given} icon="download" label={o.export} />}
        />
      )}
      <IconButton
        icon="close"
        label={o.close}
        onClick={() => {
          qualityTimeline.pause();
          onClose();
        }}
      />
    </div>
  );
}

/** How far it is; the line keeps its place when there is nothing to say. */
function Progress({ state }: { readonly state: QualityTimelineState }) {
  const w = useWords();
  const o = useOvertimeWords();
  const { phase, results, segments, progress, seconds } = state;
  const done = results.filter((result) => result !== null).length;
  const at = progress && segments[progress.segment];
  const left = secondsLeft(results);
  const detail = [
    ...(phase === 'running' && at ? [o.at(spanOf(at, o))] : []),
    ...(phase === 'running' && progress?.stage ? [w.progress.stages[progress.stage]] : []),
    ...(phase === 'running' && !progress ? [o.waiting] : []),
    ...(phase === 'paused' ? [o.paused] : []),
    ...(phase === 'running' && left !== null ? [o.left(left)] : []),
    ...(phase === 'done' ? [o.each(seconds)] : []),
  ];
  return (
    <div className="overtime__progress">
      <ProgressBar
        label={o.bar}
        title={o.progress(done, results.length)}
        {...(detail.length > 0 && { detail: detail.join(' · ') })}
        stages={[
          {
            id: 'segments',
            label: o.bar,
            share: 1,
            state: phase === 'done' ? 'done' : 'running',
            fraction: results.length > 0 ? done / results.length : 0,
          },
        ]}
      />
    </div>
  );
}
