import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type SseEvent, sseParser } from './sse.ts';

const parse = (pieces: readonly string[]): SseEvent[] => {
  const parser = sseParser();
  return pieces.flatMap((piece) => parser.feed(piece));
};

const STREAM = [
  '\uFEFFretry: 2000\n',
  ': alive\n\n',
  'id: 7\nevent: metrics\ndata: {"step":1}\n\n',
  'event: log\r\ndata: first\r\ndata: second\r\n\r\n',
  'id: 9\rdata: a: b\r\r',
  'data\n\n',
  'event: dropped\n\n',
  'data: half',
].join('');

const EVENTS: SseEvent[] = [
  { id: '7', event: 'metrics', data: '{"step":1}' },
  { id: '7', event: 'log', data: 'first\nsecond' },
  { id: '9', event: 'message', data: 'a: b' },
  { id: '9', event: 'message', data: '' },
];

describe('sseParser', () => {
  it('reads a stream as the standard says', () => {
    expect(parse([STREAM])).toEqual(EVENTS);
  });
  it('reads the same however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: STREAM.length }), { maxLength: 30 }), (cuts) => {
        const at = [0, ...cuts, STREAM.length].sort((a, b) => a - b);
        const pieces = at.slice(1).map((end, i) => STREAM.slice(at[i], end));
        expect(parse(pieces)).toEqual(EVENTS);
      }),
    );
    expect(parse([...STREAM])).toEqual(EVENTS);
  });
  it('knows CR and LF in two pieces for one line end', () => {
    expect(parse(['data: a\r', '\ndata: b\r', '\n\r', '\n'])).toEqual([
      { id: '', event: 'message', data: 'a\nb' },
    ]);
  });
  it('keeps the wait that the server asks for, and no nonsense', () => {
    const parser = sseParser();
    parser.feed('retry: soon\n');
    expect(parser.retry).toBeNull();
    parser.feed('retry: 2500\n');
    expect(parser.retry).toBe(2500);
  });
  it('takes no id with a zero byte, and begins where an earlier stream ended', () => {
    const parser = sseParser('41');
    expect(parser.feed('id: 4\u00002\ndata: x\n\n')).toEqual([{ id: '41', event: 'message', data: 'x' }]);
  });
});
