/** Each kind of a failed request has a title and a remedy of its own, in both languages. */
import { describe, expect, test } from 'vitest';
import { errorText } from './error-messages.ts';

const host = 'hub.example';
const file = 'manifest.json';
const kinds = {
  absent: { file, host, status: 404 },
  'absent file': { file: 'onnx/a.onnx', host, status: 404 },
  refused: { file, host, status: 401 },
  busy: { file, host, status: 429 },
  failed: { file, host, status: 503 },
  other: { file, host, status: 418 },
  offline: { file, host, offline: 1 },
  unreachable: { file, host },
  lost: { file, host, received: 5, total: 9 },
} as const;

describe.each(['en', 'zh'] as const)('%s', (lang) => {
  const texts = Object.entries(kinds).map(
    ([kind, params]) => [kind, params, errorText(lang, 'model/network', params)!] as const,
  );
  test('no two kinds share a text', () => {
    expect(new Set(texts.map(([, , { title, body }]) => title + body)).size).toBe(texts.length);
  });
  test.each(texts)('%s names host and status', (_, params, { title, body }) => {
    expect(body).not.toBe('');
    if ('status' in params) {
      expect(title).toContain(host);
      expect(title).toContain(String(params.status));
    }
    expect(title + body).not.toMatch(/undefined/);
  });
});

test('a status is told, not a lost network, however many bytes are stored', () => {
  const params = { file: 'a.onnx', host, status: 403, received: 5, total: 9 };
  expect(errorText('en', 'model/network', params)?.title).toBe(
    'hub.example does not give a.onnx to this page (403).',
  );
});
