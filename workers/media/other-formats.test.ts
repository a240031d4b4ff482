import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { CodedError } from '../../core/errors.ts';
import { containerOf } from './container.ts';

const shared = process.env.VQA_SHARED ?? join(import.meta.dirname, '..', '..', '..', 'shared');

const latin = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));

/** Code and parameter of the error for a file's first bytes. */
function errorOf(head: Uint8Array, name = 'a.mp4'): string {
  try {
    return containerOf(head.subarray(0, 1500), name);
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return [error.code, ...Object.values(error.params)].join(' ');
  }
}

/** Bytes of a bright uncompressed frame: no control characters, and no text. */
const bright = Uint8Array.from({ length: 600 }, (_, i) => 180 + ((i * 37) % 60));
const utf16 = (text: string) => new Uint8Array(Buffer.from(text, 'utf16le'));

describe('videos in formats that are not read', () => {
  it.each<[string, Uint8Array]>([
    ['Y4M', new Uint8Array([...latin('YUV4MPEG2 W64 H64 F25:1\nFRAME\n'), ...bright])],
    ['IVF', latin('DKIF\0\0 \0VP90')],
    ['MXF', latin('\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01')],
    ['MXF', latin(`${'\0'.repeat(32)}\x06\x0e\x2b\x34\x02\x05\x01\x01`)],
    ['AVI', latin('RIFF\0\0\0\0AVI LIST')],
    ['MPEG-PS', latin('\0\0\x01\xba\x44\0')],
    ['MPEG-PS', latin('\xfe\xdc\x01\0\0\x01\xba\x44\0\x04')],
    ['MPEG-PS', latin('\xfe\xdc\x01\0\0\x01\xba\x21\0\x04')],
    ['MPEG-2', latin('\0\0\x01\xb3\x14\0')],
    ['H.264', latin('\0\0\0\x01\x67\x64\0\x1f')],
    ['H.264', latin('\0\0\x01\x09\xf0\0\0\0\x01\x67')],
    ['H.264', latin('\0\0\0\x01\x06\x05\xff')],
    ['HEVC', latin('\0\0\0\x01\x40\x01\x0c\x01')],
    ['HEVC', latin('\0\0\x01\x46\x01\x50')],
    ['VVC', latin('\0\0\0\x01\0\x79\0\x0b')],
    ['AV1', latin('\x12\0\x0a\x0b\0\0\0\x24')],
    ['AV1', latin('\x86\x08\x84\x08\x01\x10\x0d\x08')],
    ['DV', latin('\x1f\x07\0\x3f')],
  ])('%s', (format, head) => {
    expect(errorOf(head)).toBe(`media/format ${format}`);
  });
  it('raw video, by its ending alone', () => {
    expect(errorOf(bright, 'crowd_1080p.yuv')).toBe('media/raw');
    expect(errorOf(bright, 'crowd.mp4')).toBe('media/container');
  });
});

test('a transport stream that begins in mid packet, on a start code of its video', () => {
  const head = new Uint8Array(1500);
  head.set([0, 0, 0, 1, 0x09, 0xf0]);
  for (let at = 60; at < head.length; at += 188) head.set([0x47, 0x01, 0x00, 0x10], at);
  expect(containerOf(head)).toBe('mpegts');
});

describe('files that are no video', () => {
  it.each<[string, Uint8Array]>([
    ['media/pointer', latin('version https://git-lfs.github.com/spec/v1\noid sha256:8d2c\nsize 15886000\n')],
    ['media/web-page', latin('<!doctype html><html>')],
    ['media/web-page', latin('\n\n<HTML><HEAD>')],
    ['media/web-page', utf16('\uFEFF<!DOCTYPE html>\r\n<html>')],
    ['media/web-page', utf16('<!DOCTYPE html>\r\n<html>')],
    ['media/container a playlist', latin('#EXTM3U\n#EXT-X-VERSION:3\n')],
    ['media/container JSON', latin('{"error": "expired"}')],
    ['media/container XML', latin('<?xml version="1.0"?><Error>')],
    ['media/container text', new TextEncoder().encode('Zugriff verweigert: über')],
    ['media/container TIFF', latin('II*\0\x08')],
    ['media/container', Uint8Array.from([...bright, 0, 1])],
  ])('%s', (expected, head) => {
    expect(errorOf(head)).toBe(expected);
  });
  it('text that is cut in the middle of a character is text', () => {
    const bytes = new TextEncoder().encode('é'.repeat(400));
    expect(errorOf(bytes.subarray(0, 599))).toBe('media/container text');
  });
});

describe.skipIf(!existsSync(join(shared, 'inputs')))('recorded files', () => {
  it.each([
    ['bright-small.y4m', 'media/format Y4M'],
    ['vp9.ivf', 'media/format IVF'],
    ['git-lfs-pointer.mp4', 'media/pointer'],
    ['expired-link-utf16.mp4', 'media/web-page'],
  ])('%s', (name, expected) => {
    expect(errorOf(new Uint8Array(readFileSync(join(shared, 'inputs', name))), name)).toBe(expected);
  });
});
