/** Addresses that people give, and those that the page reads. */
import { expect, test } from 'vitest';
import { addressOf } from './package-address.ts';

test('addresses of a folder and of its manifest are the same; https:// may be left out', () => {
  const expected = { manifestUrl: 'https://a.example/m/manifest.json', filesBase: 'https://a.example/m/' };
  for (const url of [
    'https://a.example/m',
    'https://a.example/m/',
    'https://a.example/m/manifest.json',
    'a.example/m',
  ])
    expect(addressOf(url), url).toMatchObject(expected);
});

test.each([
  ['https://huggingface.co/o/n', 'https://huggingface.co/o/n/resolve/main/'],
  ['huggingface.co/o/n/', 'https://huggingface.co/o/n/resolve/main/'],
  ['https://hf.co/o/n?library=x#y', 'https://huggingface.co/o/n/resolve/main/'],
  ['https://huggingface.co/o/n/tree/v2', 'https://huggingface.co/o/n/resolve/v2/'],
  ['https://huggingface.co/o/n/tree/main/web/q4', 'https://huggingface.co/o/n/resolve/main/web/q4/'],
  ['https://huggingface.co/o/n/blob/main/web/manifest.json', 'https://huggingface.co/o/n/resolve/main/web/'],
  ['https://huggingface.co/o/n/resolve/abc/manifest.json', 'https://huggingface.co/o/n/resolve/abc/'],
  ['https://huggingface.co/datasets/o/n', 'https://huggingface.co/datasets/o/n/resolve/main/'],
])('the page of a repository %s leads to its files', (page, filesBase) => {
  expect(addressOf(page)).toMatchObject({ filesBase, manifestUrl: `${filesBase}manifest.json` });
});

test.each(['javascript:alert(1)', 'ftp://a.example/m', 'file:///etc', 'http://192.168.1.7/m', '', 'a b'])(
  '%j is refused as an address',
  (text) => {
    expect(() => addressOf(text)).toThrow(
      expect.objectContaining({ code: 'model/address', params: { address: text } }),
    );
  },
);

test('http is read from this machine', () => {
  expect(addressOf('http://127.0.0.1:4391/p').manifestUrl).toBe('http://127.0.0.1:4391/p/manifest.json');
});
