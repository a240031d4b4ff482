import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { errorTables, errorText, isErrorCode } from '../../../core/text/error-messages.ts';
import { bytes, bytesOf, clock, count, frameRanges, spread, THIN } from '../../../core/text/format.ts';
import { type MediaNotice, mediaNoticeTables, mediaNoticeText } from '../../../core/text/media-notices.ts';
import { checkMessages } from './check-messages.ts';
import { en } from './en.ts';
import { zh } from './zh.ts';

checkMessages('several rooms', en, zh);

describe('errors', () => {
  const params: Record<string, string | number> = {
    looksLike: 'PDF',
    codec: 'HEVC',
    browser: 'Safari',
    present: 74,
    frames: 250,
    frame: 93,
    used: 92,
    seconds: 11520,
    name: 'bikes.mp4',
    needed: 4.92e9,
    free: 1.1e9,
    limit: 1e9,
    received: 2.31e9,
    total: 4.92e9,
    file: 'a.onnx',
    field: 'files[3].bytes',
    problem: 'must be a number',
    family: 'vqa2',
    backend: 'webgpu',
    dtype: 'q4',
    format: 2,
    reads: 1,
    path: '../x',
    answer: '3.5/5',
    tokens: 1024,
    stage: 'encodeVision',
    detail: 'it broke',
    positions: 12,
    features: 8,
    line: 17,
    value: 'n/a',
    scores: 12,
    videos: 3,
    folder: 'out',
    missing: 3,
    address: '127.0.0.1:7077',
    step: 412,
    resume: 400,
    kl: 0.5,
    n: 12,
    least: 20,
    status: 503,
    type: 'text/plain',
    host: 'example.org',
    origin: 'https://example.org',
    method: 'PUT',
    size: 1000,
    transfer: 'pq',
    id: '20261121-0742-tiny-3f9a',
    state: 'stopped',
    index: 7,
    entropy: 0.2,
    source: 'clips',
    count: 3,
    low: 0,
    high: 5,
    train: 'clips',
    heldOut: 'held-out',
    first: 'a.mp4',
    begins: 'Entry not found',
    shards: 4,
    base: 'a/b',
    label: 3,
    again: 4,
    most: 10,
    column: 'column 2, 1.2 to 4.5',
    opened: 32,
    of: 100,
    wanted: 8,
    gpus: 1,
    torch: '2.13.0',
    port: 7077,
    pid: 4711,
    option: '--port',
    tracker: 'wandb',
    sound: 1,
    subtitles: 0,
    bytes: 20_951,
    encoding: 'zlib',
    was: 'small',
    repository: 'a/b',
    what: 'config.json',
    a: '800 × 640',
    b: '960 × 540',
    now: 'base',
    adapter: 'nvidia · ampere',
    rate: '0.2',
    protocol: 'ugc-2025',
    at: 4.5,
    duration: 10,
    fps: 25,
  };
  const codes = Object.keys(errorTables.en);

  it('have words in both languages, with every parameter filled in', () => {
    expect(codes.length).toBeGreaterThanOrEqual(38);
    expect(Object.keys(errorTables.zh).sort()).toEqual([...codes].sort());
    for (const lang of ['en', 'zh'] as const)
      for (const code of codes) {
        const { title, body } = errorText(lang, code, params)!;
        expect([code, `${title} ${body}`]).not.toEqual([code, expect.stringMatching(/undefined|NaN|[!！]/)]);
        expect([code, title.length > 0]).toEqual([code, true]);
      }
  });
  it('say the table’s words', () => {
    expect(errorText('en', 'media/truncated', params)?.title).toBe(
      'The file ends early: 74 of 250 frames are there.',
    );
    expect(errorText('en', 'media/too-long', params)?.title).toBe(
      `The video is 3${THIN}h 12${THIN}min long; one score says little about it.`,
    );
    expect(errorText('en', 'model/storage', params)?.title).toBe(
      `4.92${THIN}GB needed, 1.10${THIN}GB free for this page.`,
    );
    expect(errorText('zh', 'media/codec', { codec: 'HEVC' })?.title).toBe('此浏览器无法解码HEVC。');
  });
  it('know no code that is not there', () => {
    expect(isErrorCode('media/none')).toBe(false);
    expect(isErrorCode('toString')).toBe(false);
    expect(errorText('en', 'x/y', {})).toBeUndefined();
  });
  it('cover every code that page and workers throw', async () => {
    const { globSync } = await import('node:fs');
    const root = new URL('../../..', import.meta.url).pathname;
    /** Thrown in Node only: the command line prints its own words. */
    const elsewhere = /^(convert\/(option|folder)|metrics|perturb|reward|grpo|media\/rate)/;
    const files = globSync(['{core,convert,workers,src/assessment,src/features}/**/*.ts'], { cwd: root });
    for (const file of files.filter((name) => !name.includes('.test.'))) {
      const text = readFileSync(`${root}/${file}`, 'utf8');
      for (const [, code] of text.matchAll(/CodedError\(\s*'([a-z]+\/[a-z-]+)'/g))
        if (!elsewhere.test(code!)) expect([file, code, isErrorCode(code!)]).toEqual([file, code, true]);
    }
  });
});

describe('notices about a file', () => {
  const notices: MediaNotice[] = [
    { code: 'times-unknown', params: { seconds: 2 } },
    { code: 'times-unknown', params: { seconds: 0 } },
    { code: 'single-frame', params: {} },
    { code: 'clock-jump', params: { frame: 1, seconds: 47_700 } },
    { code: 'faulty-boxes', params: { boxes: 'elst' } },
    { code: 'order-uncertain', params: {} },
    { code: 'unread-recording', params: {} },
    { code: 'clock-restart', params: { frame: 26, recordings: 3 } },
    { code: 'late-start', params: { seconds: 47_700 } },
    { code: 'hdr', params: { transfer: 'hlg' } },
    {
      code: 'pixel-shape',
      params: { shape: '4:3', width: 1440, height: 1080, shownWidth: 1920, shownHeight: 1080 },
    },
    { code: 'size-change', params: { frame: 30, width: 320, height: 180 } },
  ];
  it('have words in both languages, with every parameter filled in', () => {
    const codes = new Set(notices.map(({ code }) => code));
    for (const lang of ['en', 'zh'] as const) {
      expect(Object.keys(mediaNoticeTables[lang]).sort()).toEqual([...codes].sort());
      for (const notice of notices)
        expect(mediaNoticeText(lang, notice)).not.toMatch(/undefined|NaN|[!！]|^$/);
    }
    expect(mediaNoticeText('en', notices[3]!)).toContain(`13${THIN}h 15${THIN}min after frame 1`);
  });
});

describe('numbers', () => {
  it.each([
    [510_000, '510 kB'],
    [11_200_000, '11.2 MB'],
    [4_920_000_000, '4.92 GB'],
    [999_600, '1.00 MB'],
    [0, '0 B'],
  ])('%d bytes is %s', (n, text) => expect(bytes(n)).toBe(text.replace(' ', THIN)));
  it('gives both numbers the unit of the whole', () => {
    expect(bytesOf(7_400_000, 11_200_000)).toEqual({ part: '7.4', whole: '11.2', unit: 'MB' });
    expect(bytesOf(0, 0)).toEqual({ part: '0', whole: '0', unit: 'B' });
  });
  it.each([
    [4.56, '0:04.56'],
    [59.999, '1:00.00'],
    [3723, '1:02:03.00'],
    [-1, '0:00.00'],
  ])('%d s is %s', (seconds, text) => expect(clock(seconds)).toBe(text));
  it('joins neighbouring frames', () => {
    expect(frameRanges([5])).toBe('F6');
    expect(frameRanges([3, 2])).toBe('F3–4');
    expect(frameRanges([0, 6, 7, 8])).toBe('F1, F7–9');
    expect(frameRanges([])).toBe('');
  });
  it('writes a spread without its zero', () => {
    expect(spread(0.05)).toBe('.05');
    expect(spread(1.2)).toBe('1.20');
  });
  it('groups thousands', () => expect(count(2400)).toBe('2,400'));
});

it('a single video is counted in the singular', () => {
  const body = (count: number) =>
    errorText('en', 'train/missing', { source: 's', count, first: 'a.mp4' })!.title;
  expect(body(1)).toBe('1 video of s is missing, the first is a.mp4.');
  expect(body(3)).toBe('3 videos of s are missing, the first is a.mp4.');
});
