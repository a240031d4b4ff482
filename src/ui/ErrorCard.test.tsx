/** Advice about a codec that is missing: a command at a desk, the camera's setting on a phone. */
import { renderToStaticMarkup } from 'react-dom/server';
import { afterEach, expect, test, vi } from 'vitest';
import { ErrorCard } from './ErrorCard.tsx';
import { LanguageProvider } from './messages/useMessages.tsx';

afterEach(() => vi.unstubAllGlobals());

function card(codec: string, coarse: boolean): string {
  vi.stubGlobal('matchMedia', (query: string) => ({ matches: coarse && query === '(pointer: coarse)' }));
  const error = { code: 'media/codec', params: { codec }, message: '' };
  return renderToStaticMarkup(
    <LanguageProvider lang="en">
      <ErrorCard error={error} file="clip.mp4" />
    </LanguageProvider>,
  );
}

test('a desk gets the ffmpeg line', () => {
  expect(card('HEVC', false)).toContain('ui-error__command');
  expect(card('HEVC', false)).not.toContain('Most Compatible');
});

test('a phone gets the setting of its camera for HEVC, and no command for any codec', () => {
  for (const codec of ['HEVC', 'hvc1.1.6.L93', 'H.265'])
    expect(card(codec, true), codec).toContain('Most Compatible');
  for (const codec of ['HEVC', 'VVC']) expect(card(codec, true), codec).not.toContain('ui-error__command');
  expect(card('VVC', true)).not.toContain('Most Compatible');
});
