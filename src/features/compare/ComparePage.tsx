/** Compare page: a video beside a perturbed copy of itself, or beside a second video, with both scores. */
import { useCallback, useEffect, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { isAbort } from '../../../core/errors.ts';
import { mediaNoticeText } from '../../../core/text/media-notices.ts';
import { useFileInput } from '../../page/file-input.ts';
import { useTab } from '../../page/tab.ts';
import { useIsFullscreen, useToggleFullscreen } from '../../page/useFullscreen.ts';
import { useLeaveGuard } from '../../page/useLeaveGuard.ts';
import { useLang } from '../../ui/messages/useMessages.tsx';
import { Notice } from '../../ui/Notice.tsx';
import { both, compare, measurer } from './state/session.ts';
import type { SideName } from './state/store.ts';
import './ComparePage.css';
import { EmptyFields, Problem } from './EmptyFields.tsx';
import { FilesPanel } from './FilesPanel.tsx';
import { Filmstrips } from './Filmstrips.tsx';
import { fieldCanvas } from './field.ts';
import { MetricPlot } from './MetricPlot.tsx';
import { MetricsPanel } from './MetricsPanel.tsx';
import { useCompareMessages } from './messages/useCompareMessages.ts';
import { OrderPlot } from './OrderPlot.tsx';
import { PerturbationPanel } from './PerturbationPanel.tsx';
import { RewardsPanel } from './RewardsPanel.tsx';
import { ScoresPanel } from './ScoresPanel.tsx';
import { saveFrames } from './save-frames.ts';
import { Timings } from './Timings.tsx';
import { Toolbar } from './Toolbar.tsx';
import { Traces } from './Traces.tsx';
import { Transport } from './Transport.tsx';
import { compareAddress, useAddress } from './useAddress.ts';
import { useCompareActions } from './useCompareActions.ts';
import { useFilled } from './useFilled.ts';
import { chooseFor, takeSample, useSideDrop } from './useSideFiles.ts';
import { Viewer } from './Viewer.tsx';
import { fitScale, panesOf } from './viewport.ts';

export default function ComparePage() {
  const t = useCompareMessages();
  const { a, opening, error } = useStore(compare.store);
  useAddress();
  useFileInput(useSideDrop());
  const { phase, done } = useStore(both.store);
  useTab(phase === 'running' ? { kind: 'running', name: a?.file.name ?? '', done } : { kind: 'idle' });
  // Leaving the page stops the clock; the open videos stay.
  useEffect(() => compare.clock.pause, []);
  return (
    <>
      <h1 className="ui-sr">{t.heading}</h1>
      {a ? <Workbench /> : <EmptyFields onChoose={chooseFor} onSample={() => void takeSample()} />}
      <p className="ui-sr" role="status">
        {opening && !error ? t.empty.opening(opening.name) : ''}
      </p>
    </>
  );
}

function Workbench() {
  const t = useCompareMessages();
  const [only, setOnly] = useState<SideName | null>(null);
  const [loupe, setLoupe] = useState(false);
  const [chosen, setChosen] = useState(0);
  const running = useStore(both.store, (state) => state.phase === 'running');
  const failed = useStore(compare.store, (state) => state.error !== null);
  const second = useStore(compare.store, (state) => state.b !== null);
  const measuring = useStore(measurer.store, (state) => state.phase === 'running');
  const full = useIsFullscreen();
  const stage = useRef<HTMLDivElement>(null);
  const goFull = useToggleFullscreen(stage);
  const scale = useScale();
  const save = useCallback(() => {
    saveFrames(t.exportName).catch((error: unknown) => {
      if (!isAbort(error)) console.error(error);
    });
  }, [t]);
  // Escape ends one thing at a time: a run, a measurement, the loupe, an error.
  const stop = running ? both.stop : measuring ? measurer.stop : null;
  const dismiss = stop ?? (loupe ? () => setLoupe(false) : failed ? compare.dismiss : null);
  useLeaveGuard(running);
  useFollowAnswers(setChosen);
  useCompareActions({
    onOnly: setOnly,
    onLoupe: () => setLoupe((was) => !was),
    onSave: save,
    onFullscreen: goFull,
    onEscape: dismiss && { run: dismiss, isEnabled: () => document.fullscreenElement === null },
  });
  return (
    <div className={`compare-page${second ? ' compare-page--two' : ''}`}>
      <div className="compare-stage" ref={stage}>
        <Toolbar
          scale={scale}
          loupe={loupe}
          full={full}
          onLink={() => navigator.clipboard.writeText(compareAddress())}
        />
        <Viewer only={only} loupe={loupe} />
        <Transport />
        <Filmstrips />
        <Problem onChoose={chooseFor} />
        {second ? <MetricPlot /> : <OrderPlot />}
        <FileNotices />
        <StoreNotice />
      </div>
      <div className="compare-side">
        {second ? (
          <>
            <FilesPanel onChoose={chooseFor} />
            <MetricsPanel />
          </>
        ) : (
          <PerturbationPanel onSecond={() => chooseFor('b')} onAnother={() => chooseFor('a')} />
        )}
        <ScoresPanel chosen={chosen} onChoose={setChosen} />
        {second ? (
          <details className="compare-researchers">
            <summary>{t.rewards.fold}</summary>
            <RewardsPanel chosen={chosen} onChoose={setChosen} />
          </details>
        ) : (
          <RewardsPanel chosen={chosen} onChoose={setChosen} />
        )}
      </div>
      <div className="compare-below">
        <Traces chosen={chosen} onChoose={setChosen} />
        <Timings />
      </div>
    </div>
  );
}

/** Selects the answer being generated, and the first one when the run is done. */
function useFollowAnswers(show: (k: number) => void): void {
  useEffect(
    () =>
      both.store.subscribe(({ step, phase }, before) => {
        const now = step?.kind === 'answer' ? step.k : null;
        const was = before.step?.kind === 'answer' ? before.step.k : null;
        if (now !== null && now !== was) show(now);
        if (phase === 'done' && before.phase === 'running') show(0);
      }),
    [show],
  );
}

/** Notices about the files, each under the letter of its side. */
function FileNotices() {
  const lang = useLang();
  const { a, b } = useStore(compare.store);
  const texts = [a, b].flatMap((side, i) =>
    (side?.video.facts.notices ?? []).map(
      (notice) => `${b ? `${'AB'[i]}: ` : ''}${mediaNoticeText(lang, notice)}`,
    ),
  );
  return texts.map((text) => <Notice key={text}>{text}</Notice>);
}

/** State of the frame stores: proxy frames decoded so far, or the part that fits in memory. */
function StoreNotice() {
  const t = useCompareMessages();
  const { a, b } = useStore(compare.store);
  const filled = useFilled();
  const partial = [a, b].find((side) => side && side.frames.plan.room < side.frames.plan.frames)?.frames;
  if (filled.failed) return <Notice>{t.store.failed}</Notice>;
  if (partial) {
    const [from, to] = partial.part;
    return <Notice>{t.store.part(from + 1, to, partial.plan.frames, compare.cap)}</Notice>;
  }
  const size = a ? `${a.frames.plan.width} × ${a.frames.plan.height}` : '';
  const memory = [a, b].reduce(
    (sum, side) => sum + (side ? side.frames.ready * side.frames.plan.bytesPerFrame : 0),
    0,
  );
  const facts = a?.video.facts;
  return (
    <p className="compare-store">
      {!b && facts && <strong>{t.store.file(facts.name, facts.width, facts.height, facts.fps)} </strong>}
      {filled.ready < filled.of
        ? t.store.filling(filled.ready, filled.of)
        : t.store.stored(filled.of, size, memory)}
    </p>
  );
}

/** Scale of the viewer: device pixels per video pixel. */
function useScale(): number {
  const { settings, a } = useStore(compare.store);
  const [field, setField] = useState({ width: 1, height: 1 });
  useEffect(() => {
    const canvas = fieldCanvas.current;
    if (!canvas) return;
    const watch = new ResizeObserver(([entry]) => {
      const { width, height } = entry!.contentRect;
      setField({ width: width * devicePixelRatio, height: height * devicePixelRatio });
    });
    watch.observe(canvas);
    return () => watch.disconnect();
  }, []);
  const [pane] = panesOf(settings.view, field, false, null);
  return settings.zoom ?? (a && pane ? fitScale(a.video.facts, pane) : 1);
}
