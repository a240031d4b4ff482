/**
 * Boxes of MP4 and MOV (ISO/IEC 14496-12 §4.2), read where they lie. A box is never longer than its parent, whatever its
 * size says, and a table never longer than its box, so that a wrong number costs what it describes and no more.
 */

/** A box of an index: its type and its content behind the header. */
export interface Box {
  readonly type: string;
  readonly content: Uint8Array<ArrayBuffer>;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Four characters at an offset, as Latin-1. */
export function fourCharacters(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}

/** Boxes from an offset on, in their order; ends at the first that cannot be stepped over. */
export function* boxesIn(bytes: Uint8Array<ArrayBuffer>, from = 0): Generator<Box> {
  const view = viewOf(bytes);
  for (let at = from; at + 8 <= bytes.length; ) {
    let [size, header] = [view.getUint32(at), 8];
    if (size === 0) size = bytes.length - at;
    else if (size === 1 && at + 16 <= bytes.length) {
      size = Number(view.getBigUint64(at + 8));
      header = 16;
    }
    if (size < header) return;
    const end = Math.min(bytes.length, at + size);
    yield { type: fourCharacters(bytes, at + 4), content: bytes.subarray(at + header, end) };
    at = end;
  }
}

/** Content of the first box of each type on the way down. */
export function boxAt(
  bytes: Uint8Array<ArrayBuffer> | undefined,
  ...path: readonly string[]
): Uint8Array<ArrayBuffer> | undefined {
  let content = bytes;
  for (const type of path) {
    if (!content) return undefined;
    content = boxesOf(content, type)[0];
  }
  return content;
}

/** Contents of all boxes of a type. */
export function boxesOf(bytes: Uint8Array<ArrayBuffer>, type: string): Uint8Array<ArrayBuffer>[] {
  const matches: Uint8Array<ArrayBuffer>[] = [];
  for (const box of boxesIn(bytes)) if (box.type === type) matches.push(box.content);
  return matches;
}

/** A box of a type with this content. */
export function makeBox(type: string, ...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 8));
  viewOf(out).setUint32(0, out.length);
  for (let i = 0; i < 4; i++) out[4 + i] = type.charCodeAt(i);
  let at = 8;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Types of the boxes that contradict themselves. */
export class BoxFaults {
  readonly types = new Set<string>();

  /** The value read, or `otherwise` where the box ends before it does. */
  tolerate<T>(type: string, read: () => T, otherwise: T): T {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.types.add(type);
      return otherwise;
    }
  }

  /** Number of entries of a table: as many as its box has room for, where it states more. */
  entries(type: string, content: Uint8Array, countAt: number, entryBytes: number): number {
    const stated = this.tolerate(type, () => viewOf(content).getUint32(countAt), 0);
    const room = Math.max(0, Math.floor((content.length - countAt - 4) / entryBytes));
    if (stated > room) this.types.add(type);
    return Math.min(stated, room);
  }
}
