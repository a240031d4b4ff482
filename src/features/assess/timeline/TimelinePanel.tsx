/** The quality timeline: plot over the filmstrip's axis, worst segments, and the reasoning of each segment. */
import { useEffect, useMemo, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';
import { distortionLabel } from '../../../../core/answer/lexicon.ts';
import { worstSegments } from '../../../../core/sampling/timeline-segments.ts';
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
import { useLang } from '../../../ui/messages/useMessages.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { ProgressBar } from '../../../ui/ProgressBar.tsx';
import { useAssessMessages } from '../messages/useAssessMessages.ts';
import type { Player } from '../player.ts';
import { inSentence } from '../trace-segments.ts';
import './Timeline.css';
import { type Clock, stillClock } from './clock.ts';
import { useTimelineMessages } from './messages/useTimelineMessages.ts';
import { Plot } from './Plot.tsx';
import { SegmentPanel } from './SegmentPanel.tsx';
import { SegmentTable } from './SegmentTable.tsx';
import { timelineCsv, timelineJson, timelineSvg } from './timeline-exports.ts';
import { factsOf, readout, secondsLeft, segmentAt, spanOf, stepsOf, timeLabels } from './timeline-view.ts';
import { Worst } from './Worst.tsx';

/** Segment lengths to choose from, in seconds. */
const LENGTHS = [5, 10, 15, 20, 30, 45, 60] as const;

export interface TimelinePanelProps {
  readonly file: File | null;
  /** Null while the video of a reopened timeline is missing. */
  readonly player: Player | null;
  readonly stored: StoredTimeline | null;
  readonly onClose: () => void;
}

export default function TimelinePanel({ file, player, stored, onClose }: TimelinePanelProps) {
  const messages = useAssessMessages();
  const t = useTimelineMessages();
  const lang = useLang();
  const state = useStore(qualityTimeline.store);
  const [heading, setHeading] = useState<HTMLHeadingElement | null>(null);
  const clock = useMemo(() => player ?? (stored && stillClock(stored.timeline)), [player, stored]);
  const video = player?.video ?? null;
  useLeaveGuard(state.phase === 'running');

  const { segments, results, phase } = state;
  const ours = state.video === video && segments.length > 0;
  useOpenTimeline(file, video, stored, heading);
  const frame = useFrame(clock);
  const chosen = segmentAt(segments, frame);
  const frames = clock?.video.times.length ?? 0;
  const steps = useMemo(() => stepsOf(segments, results, frames), [segments, results, frames]);
  const worst = useMemo(() => worstSegments(scoresOf(results)), [results]);
  const segment = segments[chosen];
  if (!ours || !segment || !clock) return null;
  const facts = factsOf(state, t);
  const summary = readout(state, chosen, messages, t);
  const first = results[chosen]?.named[0];
  const label =
    first === undefined ? summary : `${summary}; ${t.named(inSentence(distortionLabel(first, lang)))}`;
  const goTo = (at: number) => clock.seek(segments[at]?.from ?? 0);
  return (
    <figure className="timeline">
      <header className="timeline__head">
        <h2 className="timeline__title" ref={setHeading} tabIndex={-1}>
          {t.title}
        </h2>
        <span className="timeline__axes">{t.axes}</span>
        <Tools state={state} facts={facts} clock={clock} stored={stored} onClose={onClose} />
      </header>
      {player ? (
        <Progress state={state} />
      ) : (
        phase === 'paused' && <Notice>{t.dropToGoOn(clock.video.facts.name)}</Notice>
      )}
      {state.error && (
        <ErrorCard
          error={state.error}
          actions={[{ label: messages.actions.tryAgain, onClick: () => void qualityTimeline.run() }]}
        />
      )}
      <p className="timeline__readout" aria-hidden="true">
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
      <figcaption className="timeline__facts">{facts}</figcaption>
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
        {phase === 'done' ? `${t.done} ${facts}` : ''}
      </p>
    </figure>
  );
}

/** Opens the timeline of the file, or shows the stored one; a new timeline starts and moves the focus to the heading. */
function useOpenTimeline(
  file: File | null,
  video: Player['video'] | null,
  stored: StoredTimeline | null,
  heading: HTMLElement | null,
): void {
  /** The heading gets the focus once it is drawn: the button that had it is gone. */
  const focusPending = useRef(false);
  useEffect(() => {
    if (!file || !video) {
      if (stored) qualityTimeline.show(stored);
      return;
    }
    qualityTimeline.open(file, video, stored);
    // A new timeline starts at once; a paused one waits for its button.
    if (qualityTimeline.store.getState().phase !== 'idle') return;
    focusPending.current = true;
    void qualityTimeline.run();
  }, [file, video, stored]);
  useEffect(() => {
    if (!heading || !focusPending.current) return;
    focusPending.current = false;
    heading.focus();
  }, [heading]);
}

/** Frame of the clock; 0 without a clock. */
function useFrame(clock: Clock | null): number {
  return useStore(clock?.store ?? NO_CLOCK, ({ frame }) => frame);
}
const NO_CLOCK = createStore(() => ({ frame: 0 }));

interface ToolsProps {
  readonly state: QualityTimelineState;
  readonly facts: string;
  readonly clock: Clock;
  readonly stored: StoredTimeline | null;
  readonly onClose: () => void;
}

function Tools(props: ToolsProps) {
  const { state, facts, clock, stored, onClose } = props;
  const t = useTimelineMessages();
  const { phase, results, seconds } = state;
  const failed = results.filter((result) => result?.score === null).length;
  return (
    <div className="timeline__tools">
      <label className="timeline__length">
        {t.length}
        <select
          className="timeline__select ui-field"
          disabled={!state.video}
          value={seconds}
          onChange={(event) => qualityTimeline.setSeconds(Number(event.target.value))}
        >
          {LENGTHS.map((n) => (
            <option key={n} value={n}>
              {t.seconds(n)}
            </option>
          ))}
        </select>
      </label>
      {phase === 'running' && (
        <Button icon="pause" onClick={qualityTimeline.pause}>
          {t.pause}
        </Button>
      )}
      {state.video && (phase === 'paused' || phase === 'idle') && (
        <Button icon="play" onClick={() => void qualityTimeline.run()}>
          {phase === 'idle' ? t.start : t.resume}
        </Button>
      )}
      {state.video && phase === 'done' && failed > 0 && (
        <Button icon="retry" onClick={qualityTimeline.retryFailed}>
          {t.again(failed)}
        </Button>
      )}
      {results.some((result) => result !== null) && (
        <ExportMenu state={state} facts={facts} clock={clock} stored={stored} />
      )}
      <IconButton
        icon="close"
        label={t.close}
        onClick={() => {
          qualityTimeline.pause();
          onClose();
        }}
      />
    </div>
  );
}

/** Exports of the timeline: JSON that reopens it, CSV, and the plot as SVG. */
function ExportMenu({ state, facts, clock, stored }: Omit<ToolsProps, 'onClose'>) {
  const t = useTimelineMessages();
  const { results, segments } = state;
  const { facts: file, times } = clock.video;
  const json = currentTimeline() ?? (state.video ? null : stored);
  const name = t.fileName(stem(file.name));
  return (
    <Menu
      label={t.export}
      items={[
        {
          id: 'json',
          label: t.json,
          // The file holds the result of the whole clip, which a stopped run lacks.
          disabled: json === null,
          onSelect: () => json && saveFile(`${name}.json`, timelineJson(json), 'application/json'),
        },
        {
          id: 'csv',
          label: t.csv,
          onSelect: () => saveFile(`${name}.csv`, timelineCsv(state), 'text/csv'),
        },
        {
          id: 'svg',
          label: t.svg,
          onSelect: () =>
            saveFile(
              `${name}.svg`,
              timelineSvg(
                stepsOf(segments, results, times.length),
                timeLabels(times, file.duration),
                `${t.title}: ${file.name}`,
                facts,
              ),
              'image/svg+xml',
            ),
        },
      ]}
      button={(given) => <IconButton {...given} icon="download" label={t.export} />}
    />
  );
}

/** Progress of the run; the line keeps its height when it is empty. */
function Progress({ state }: { readonly state: QualityTimelineState }) {
  const messages = useAssessMessages();
  const t = useTimelineMessages();
  const { phase, results, segments, progress, seconds } = state;
  const done = results.filter((result) => result !== null).length;
  const at = progress && segments[progress.segment];
  const left = secondsLeft(results);
  const detail = [
    ...(phase === 'running' && at ? [t.at(spanOf(at, t))] : []),
    ...(phase === 'running' && progress?.stage ? [messages.progress.stages[progress.stage]] : []),
    ...(phase === 'running' && !progress ? [t.waiting] : []),
    ...(phase === 'paused' ? [t.paused] : []),
    ...(phase === 'running' && left !== null ? [t.left(left)] : []),
    ...(phase === 'done' ? [t.each(seconds)] : []),
  ];
  return (
    <div className="timeline__progress">
      <ProgressBar
        label={t.bar}
        title={t.progress(done, results.length)}
        detail={messages.units.facts(detail)}
        segments={[
          {
            id: 'segments',
            label: t.bar,
            share: 1,
            state: phase === 'done' ? 'done' : 'running',
            fraction: results.length > 0 ? done / results.length : 0,
          },
        ]}
      />
    </div>
  );
}
