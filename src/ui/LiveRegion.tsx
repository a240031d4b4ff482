/** Live regions for screen readers: whole sentences, not tokens; stages, not every step. */
import { useEffect, useRef, useState } from 'react';

/** The last whole sentence of a growing text, `''` while there is none. A score's point ends no sentence. */
export function lastSentence(text: string): string {
  const sentences = text.match(/[^.!?。！？]*(?:[.](?=\d)[^.!?。！？]*)*[.!?。！？]+(?=\s|$|[^\x20-\x7e])/g);
  return sentences?.at(-1)?.trim() ?? '';
}

/** The value, updated at most once per `ms`; the last one always arrives. */
export function useThrottled<T>(value: T, ms: number): T {
  const [shown, setShown] = useState(value);
  const last = useRef(Number.NEGATIVE_INFINITY);
  useEffect(() => {
    const wait = Math.max(0, last.current + ms - performance.now());
    const timer = setTimeout(() => {
      last.current = performance.now();
      setShown(value);
    }, wait);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return shown;
}

/** The trace sentence by sentence, at most one in two seconds; later ones replace earlier ones. */
export function SpokenTrace({ text, lang }: { readonly text: string; readonly lang: string }) {
  const sentence = useThrottled(lastSentence(text), 2000);
  return (
    <div className="ui-sr" role="log" aria-live="polite" lang={lang}>
      <p key={sentence}>{sentence}</p>
    </div>
  );
}

/** The stage of a run, announced when it changes and at most every five seconds. */
export function SpokenStage({ text }: { readonly text: string }) {
  return (
    <div className="ui-sr" aria-live="polite">
      {useThrottled(text, 5000)}
    </div>
  );
}

/** The result, once. */
export function SpokenResult({ text }: { readonly text: string }) {
  return (
    <div className="ui-sr" role="status">
      {text}
    </div>
  );
}
