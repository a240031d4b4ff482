import { describe, expect, it } from 'vitest';
import { ACTION_IDS } from '../page/actions.ts';
import { toEntry } from '../page/requests.ts';
import { hashOf, parseAddress } from '../page/router.ts';
import { parseSettings } from '../page/settings.ts';
import { tabIcon, tabTitle } from '../page/tab.ts';
import { overText } from './DropLayer.tsx';
import { shellEn } from './messages/en.ts';
import { SHELL_MESSAGES } from './messages/useShellMessages.ts';

describe('the help dialog', () => {
  it('has a name in the messages for every action', () => {
    const named = new Set([
      ...Object.keys(shellEn.help.names),
      ...ACTION_IDS.filter((id) => id.startsWith('go')),
    ]);
    expect(ACTION_IDS.filter((id) => !named.has(id))).toEqual([]);
  });
});

describe('files over the window', () => {
  it.each([
    [1, 'video/mp4', 'One MP4 file'],
    [1, 'video/x-matroska', 'One MKV file'],
    [1, '', 'One file'],
    [1, 'application/x-shellscript', 'One file'],
    [3, 'video/mp4', '3 files'],
  ])('%d of kind %s: %s', (count, type, text) => {
    expect(overText({ count, type }, SHELL_MESSAGES.en)).toBe(text);
  });
});

describe('routes', () => {
  it('are a page and a query', () => {
    expect(parseAddress('')).toEqual({ route: '', query: '' });
    expect(parseAddress('#/compare?seed=7&mode=shuffle')).toEqual({
      route: 'compare',
      query: 'seed=7&mode=shuffle',
    });
    expect(parseAddress('#/assess/')).toEqual({ route: 'assess', query: '' });
    expect(parseAddress(hashOf('batch', 'a=1'))).toEqual({ route: 'batch', query: 'a=1' });
  });
});

describe('settings', () => {
  it('start from the system’s language', () => {
    expect(parseSettings({}, 'zh-CN').lang).toBe('zh');
    expect(parseSettings({}, 'de').lang).toBe('en');
  });
  it('take what is valid and leave the rest', () => {
    expect(parseSettings({ theme: 'dark', lang: 'fr', singleKeys: false, announce: 7 }, 'en')).toEqual({
      theme: 'dark',
      lang: 'en',
      singleKeys: false,
      announce: 'sentences',
    });
    expect(parseSettings('x', 'en').theme).toBe('system');
  });
});

describe('the list of requests', () => {
  const request = { initiatorType: 'fetch', transferSize: 300, decodedBodySize: 900, startedAt: 1500 };
  it('tells own from other sites', () => {
    const sameOrigin = toEntry(
      { ...request, name: 'https://a.example/x.js?v=1' },
      'page',
      'https://a.example',
      1000,
    );
    expect(sameOrigin).toEqual({
      address: '/x.js?v=1',
      kind: 'fetch',
      by: 'page',
      bytes: 300,
      at: 0.5,
      sameOrigin: true,
    });
    const other = toEntry({ ...request, name: 'https://b.example/x' }, 'worker', 'https://a.example', 1000);
    expect(other).toMatchObject({ address: 'https://b.example/x', sameOrigin: false, by: 'worker' });
  });
  it('leaves out what stays inside the browser', () => {
    expect(
      toEntry({ ...request, name: 'blob:https://a.example/1' }, 'page', 'https://a.example', 0),
    ).toBeNull();
    expect(toEntry({ ...request, name: 'data:text/plain,x' }, 'page', 'https://a.example', 0)).toBeNull();
  });
  it('says when the browser does not tell the size', () => {
    const silent = { ...request, name: 'https://b.example/x', transferSize: 0, decodedBodySize: 0 };
    expect(toEntry(silent, 'page', 'https://a.example', 0)?.bytes).toBeNull();
    const cached = { ...request, name: 'https://a.example/x', transferSize: 0 };
    expect(toEntry(cached, 'page', 'https://a.example', 0)?.bytes).toBe(0);
  });
});

describe('the tab', () => {
  const texts = { grade: 'Good', none: 'No score' };
  it('says progress, then the score', () => {
    expect(tabTitle({ kind: 'idle' }, 'VQAThinker', texts, false)).toBe('VQAThinker');
    expect(tabTitle({ kind: 'running', name: 'bikes.mp4', done: 0.429 }, 'V', texts, false)).toBe(
      '42 % bikes.mp4',
    );
    const done = { kind: 'done', name: 'bikes.mp4', score: '3.87', band: 4 } as const;
    expect(tabTitle(done, 'V', texts, false)).toBe('3.87 Good, bikes.mp4');
    expect(tabTitle(done, 'V', texts, true)).toBe('✓ 3.87 Good, bikes.mp4');
    expect(tabTitle({ kind: 'none', name: 'a.mp4' }, 'V', texts, false)).toBe('No score, a.mp4');
  });
  it('shows the bars of the band', () => {
    const icon = tabIcon({ kind: 'done', name: '', score: '3.87', band: 4 }, (band) => `b${band}`)!;
    expect(icon.match(/fill="b4"/g)).toHaveLength(4);
    expect(tabIcon({ kind: 'idle' }, () => '')).toBeNull();
  });
});
