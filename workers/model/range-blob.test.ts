/** Streams of a blob over ranges. Oracle: the bytes themselves. */
import { describe, expect, it } from 'vitest';
import { type ByteSource, heldSource } from './byte-source.ts';
import { RangeBlob } from './range-blob.ts';

const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 255);

function watched(content: Uint8Array<ArrayBuffer>) {
  const reads: number[] = [];
  const source: ByteSource = {
    size: content.byteLength,
    read: async (from, to) => {
      reads.push(to - from);
      return content.slice(from, to);
    },
  };
  const failures: unknown[] = [];
  let seen = 0;
  const monitor = {
    onBytes: (n: number) => {
      seen += n;
    },
    onFailure: (error: unknown) => void failures.push(error),
  };
  return { source, reads, failures, monitor, seen: () => seen };
}

/** As the JSPI build of onnxruntime-web reads a weight: one buffer that goes to and fro. */
async function readAsOnnxruntime(blob: Blob, size: number): Promise<Uint8Array> {
  const reader = blob.stream().getReader({ mode: 'byob' });
  const out = new Uint8Array(blob.size);
  let buffer = new ArrayBuffer(size);
  for (let at = 0; ; ) {
    const { value, done } = await reader.read(new Uint8Array(buffer, 0, buffer.byteLength));
    if (value && value.byteLength > 0) {
      out.set(value, at);
      at += value.byteLength;
    }
    if (value) buffer = value.buffer as ArrayBuffer;
    if (done) return at === out.byteLength ? out : out.subarray(0, at);
  }
}

describe('blob over ranges', () => {
  it.each([0, 1, 1000, 1 << 20, (9 << 20) + 17])('streams %i bytes as they are', async (length) => {
    const content = bytes(length);
    const { source, monitor, reads, seen } = watched(content);
    const blob = new RangeBlob(source, monitor);
    expect(blob).toBeInstanceOf(Blob);
    expect(blob.size).toBe(length);
    expect(Buffer.compare(await readAsOnnxruntime(blob, 1 << 20), content)).toBe(0);
    expect(Buffer.compare(new Uint8Array(await blob.arrayBuffer()), content)).toBe(0);
    expect(seen()).toBe(2 * length);
    expect(Math.max(0, ...reads)).toBeLessThanOrEqual(4 << 20);
  });

  it('reads only the range of a slice', async () => {
    const content = bytes(300);
    const { source, monitor, reads } = watched(content);
    const slice = new RangeBlob(source, monitor).slice(100, 220).slice(10, -10);
    expect(slice.size).toBe(100);
    expect(await readAsOnnxruntime(slice, 64)).toEqual(content.subarray(110, 210));
    expect(reads).toEqual([100]);
  });

  it('leaves content that is held in memory as it is', async () => {
    const content = bytes(100);
    const blob = new RangeBlob(heldSource(content), { onBytes() {}, onFailure() {} });
    for (let again = 0; again < 2; again++)
      expect(new Uint8Array(await blob.arrayBuffer())).toEqual(bytes(100));
  });

  it('reports why a read failed, which onnxruntime does not', async () => {
    const cause = new Error('the file was deleted');
    const { monitor, failures } = watched(bytes(1));
    const source = { size: 8, read: async () => Promise.reject(cause) };
    await expect(readAsOnnxruntime(new RangeBlob(source, monitor), 8)).rejects.toBe(cause);
    expect(failures).toEqual([cause]);
  });
});
