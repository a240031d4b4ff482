/** Input of the Assess page: opens videos and saved results, queues more videos, explains other files. */
import { useCallback, useEffect, useRef, useState } from 'react';
import { assess } from '../../assessment/session.ts';
import type { FileSource } from '../../page/file-input.ts';
import { useAssessMessages } from './messages/useAssessMessages.ts';
import { motionPhotoVideo } from './motion-photo.ts';
import { sortFiles } from './sort-files.ts';

/** True when the last input event was a key. */
let lastByKey = false;
if (typeof document !== 'undefined') {
  document.addEventListener('keydown', () => (lastByKey = true), { capture: true });
  document.addEventListener('pointerdown', () => (lastByKey = false), { capture: true });
  document.addEventListener('drop', () => (lastByKey = false), { capture: true });
}

export interface VideoInput {
  readonly receive: (files: readonly File[], source: FileSource) => void;
  readonly sample: () => void;
  /** Message about the last input, or null. */
  readonly message: string | null;
  /** Message for the player of a reopened result, or null. */
  readonly note: string | null;
  readonly byKey: () => boolean;
}

export function useVideoInput(): VideoInput {
  const t = useAssessMessages();
  const [message, setMessage] = useState<string | null>(null);
  const [note, setNote] = useState<string | null>(null);
  const startedByKey = useRef(false);

  const show = useCallback(
    (videos: readonly File[], others: number) => {
      const refused = videos.filter((video) => assess.open(video) === 'full').length;
      if (refused > 0) setMessage(t.assess.queueFull(refused));
      else if (others > 0) setMessage(t.assess.others(others));
      else setMessage(null);
    },
    [t],
  );

  const receive = useCallback(
    (files: readonly File[]) => {
      startedByKey.current = lastByKey;
      setNote(null);
      setMessage(null);
      const sorted = sortFiles(files);
      if (sorted.kind === 'image') {
        const [photo] = files;
        void motionPhotoVideo(photo!)
          .catch(() => null)
          .then((video) => {
            if (video) show([video], 0);
            setMessage(video ? t.drop.motionPhoto(photo!.name) : t.drop.image);
          });
        return;
      }
      if (sorted.kind === 'result') {
        assess.reopen(sorted.file).catch(assess.fail);
        return;
      }
      const { phase, result, video } = assess.store.getState();
      const [first, ...rest] = sorted.videos;
      // A reopened result without its video: a file of the right size may be it.
      if (phase === 'reopened' && result && !video && first && first.size === result.file.bytes) {
        setNote(t.assess.checking(result.file.name));
        void assess.attachVideo(first).then((same) => {
          setNote(null);
          if (same) return;
          show([first, ...rest], sorted.others);
          setMessage(t.assess.reopenedOther(result.file.name));
        });
        return;
      }
      show(sorted.videos, sorted.others);
    },
    [show, t],
  );

  const sample = useCallback(() => {
    startedByKey.current = lastByKey;
    fetch(`${import.meta.env.BASE_URL}sample.mp4`)
      .then(async (response) => {
        if (!response.ok) throw new Error(`sample.mp4: ${response.status}`);
        const blob = await response.blob();
        show([new File([blob], 'sample.mp4', { type: 'video/mp4' })], 0);
      })
      .catch(assess.fail);
  }, [show]);

  useEffect(() => {
    if (message === null) return;
    const timer = setTimeout(() => setMessage(null), 12_000);
    return () => clearTimeout(timer);
  }, [message]);

  const byKey = useCallback(() => startedByKey.current, []);
  return { receive, sample, message, note, byKey };
}
