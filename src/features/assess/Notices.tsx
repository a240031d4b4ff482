/** Notices about the file and the machine; none of them stops a run. */

import { errorText } from '../../../core/text/error-messages.ts';
import type { Lang } from '../../../core/text/lang.ts';
import { mediaNoticeText } from '../../../core/text/media-notices.ts';
import type { VideoFacts } from '../../../workers/media/api.ts';
import type { LoadedPackage } from '../../../workers/model/api.ts';
import type { ShownFrame } from '../../assessment/assess-state.ts';
import type { AssessState } from '../../assessment/assess-store.ts';
import { LONG_SECONDS } from '../../assessment/assess-store.ts';
import { useLang } from '../../ui/messages/useMessages.tsx';
import type { AssessMessages } from './messages/useAssessMessages.ts';
import { useAssessMessages } from './messages/useAssessMessages.ts';

/** Seconds between neighbouring sampled frames, the widest gap. */
function widestGap(times: readonly number[]): number {
  return times.slice(1).reduce((widest, time, i) => Math.max(widest, time - times[i]!), 0);
}

/** The first sampled frame with another size than the sampled frame before it. */
function sizeChange(facts: VideoFacts, frames: readonly ShownFrame[]) {
  const sizes = frames
    .filter(({ thumbnail }) => thumbnail !== null)
    .map(({ index, size }) => ({
      frame: index + 1,
      width: (size ?? facts).width,
      height: (size ?? facts).height,
    }))
    .sort((a, b) => a.frame - b.frame);
  return sizes.find(({ width, height }) => width !== sizes[0]!.width || height !== sizes[0]!.height);
}

export function noticesOf(
  {
    video,
    frames,
    model,
  }: Pick<AssessState, 'video' | 'frames'> & {
    readonly model: Pick<LoadedPackage, 'backend' | 'threads'> | null;
  },
  machine: { readonly isolated: boolean; readonly serviceWorker: boolean },
  t: AssessMessages,
  lang: Lang,
): string[] {
  const notices: string[] = [];
  const converted = frames.some(({ foreignColour }) => foreignColour);
  if (video) {
    const { facts } = video;
    if (facts.missing > 0) notices.push(t.assess.truncated(facts.frames, facts.frames + facts.missing));
    for (const notice of facts.notices) notices.push(mediaNoticeText(lang, notice));
    const change = sizeChange(facts, frames);
    if (change) notices.push(mediaNoticeText(lang, { code: 'size-change', params: change }));
  }
  const transfer = video?.facts.colour.transfer ?? 'sdr';
  if (transfer !== 'sdr')
    notices.push(
      converted
        ? t.assess.hdrConverted(transfer.toUpperCase())
        : mediaNoticeText(lang, { code: 'hdr', params: { transfer } }),
    );
  else if (converted) notices.push(t.assess.foreign);
  const lost = frames.filter(({ substituted }) => substituted !== undefined);
  const [first] = lost;
  if (first?.substituted !== undefined && new Set(lost.map(({ index }) => index)).size === 1)
    notices.push(t.strip.substituted(first.index + 1, first.substituted + 1));
  else if (lost.length > 0)
    notices.push(
      t.strip.severalSubstituted(
        lost.length,
        frames.length,
        lost.map(({ index }) => index + 1),
      ),
    );
  if (model?.backend === 'wasm' && model.threads === 1 && !machine.isolated)
    notices.push(machine.serviceWorker ? t.assess.oneThread : t.assess.oneThreadNever);
  return notices;
}

/** Notice that one score says little about a long clip; null for a short one, or before its frames are known. */
export function longNotice(
  { video, frames, timeline }: Pick<AssessState, 'video' | 'frames' | 'timeline'>,
  t: AssessMessages,
  lang: Lang,
) {
  const duration = video?.facts.duration ?? timeline?.timeline.duration ?? 0;
  if (duration <= LONG_SECONDS || frames.length === 0) return null;
  const sentence = t.assess.long(frames.length, widestGap(frames.map((frame) => frame.time)).toFixed(1));
  const title = duration >= 600 ? errorText(lang, 'media/too-long', { seconds: duration })?.title : undefined;
  return title ? `${title} ${sentence}` : sentence;
}

/** The notices of a run in the page's language. */
export function useNotices(state: AssessState, model: LoadedPackage | null): string[] {
  const t = useAssessMessages();
  const lang = useLang();
  return noticesOf(
    { video: state.video, frames: state.frames, model },
    { isolated: globalThis.crossOriginIsolated, serviceWorker: 'serviceWorker' in navigator },
    t,
    lang,
  );
}
