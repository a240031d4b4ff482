import { useEffect, useState } from 'react';
import type { CodecSupport } from '../../../workers/media/api.ts';
import { media } from '../../assessment/session.ts';

let measured: readonly CodecSupport[] | null = null;

/** Codecs that this browser decodes, measured once; empty until the answer is there. */
export function useCodecs(): readonly CodecSupport[] {
  const [codecs, setCodecs] = useState(measured ?? []);
  useEffect(() => {
    if (measured) return;
    let gone = false;
    media
      .codecs()
      .then((support) => {
        measured = support;
        if (!gone) setCodecs(support);
      })
      // Without the answer the line says nothing; opening a file reports what is wrong.
      .catch(() => {});
    return () => {
      gone = true;
    };
  }, []);
  return codecs;
}
