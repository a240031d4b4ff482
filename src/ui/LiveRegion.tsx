/** What a screen reader hears: whole sentences, not tokens; and states, not every step. */
import { useEffect, useRef, useState } from 'react';

/** The last whole sentence of a growing text, `''` while there is none. A score's point ends no sentence. */
export function lastSentence(text: string): string {
  const sentences = text.match(/[^.!?。！？]*(?:[.](?=\d)[^.!?。！？]*)*[.!?。！？]+(?=\s|$|[^\x20-\x7e])/g);
  return sentences?.at(-1)?.trim() ?? '';
}

/** Lets a value through at most once each `ms`; the last one is never lost. */
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

/** The trace, sentence by sentence, at most one each two seconds; only the last is kept. */
export function SpokenTrace({ text, lang }: { readonly text: string; readonly lang: string }) {
  const sentence = useThrottled(lastSentence(text), 2000);
  return (
    <div className="ui-sr" role="log" aria-live="polite" lang={lang}>
      <p key={sentence}>{sentence}</p>
    </div>
  );
}

/** A stage of the work, announced when it changes and at most each five seconds. */
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
