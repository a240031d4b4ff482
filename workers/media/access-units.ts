/**
 * Access units of an H.264 or HEVC byte stream: one picture each, or the two fields of a frame (ITU-T H.264 §7.4.1.2,
 * H.265 §7.4.2.4).
 */
import { type H264Slice, isSecondField, sliceOf } from './h264-slice.ts';
import { isRecoveryPoint, type NalCodec } from './nal.ts';

/** Position of a start code. */
export interface UnitPosition {
  /** Offset in the byte stream. */
  readonly start: number;
  /** Offset in the file of the transport packet that holds it. */
  readonly at: number;
  /** Bytes from it to the end of that packet. */
  readonly tail: number;
}

export interface AccessUnit {
  /** Its first start code. */
  readonly position: UnitPosition;
  /** True where decoding can start at it, as its NAL units say. */
  readonly key: boolean;
}

/** Bytes of a unit that are looked at: a parameter set, or a slice header up to the field flags. */
export const UNIT_HEAD = 256;

/** First unit of a new access unit, where a picture lies before it: delimiter, SEI, parameter sets, and reserved ones. */
const OPENS: Readonly<Record<NalCodec, (type: number) => boolean>> = {
  avc: (type) => (type >= 6 && type <= 9) || (type >= 14 && type <= 18),
  hevc: (type) => (type >= 32 && type <= 35) || type === 39 || (type >= 41 && type <= 44) || type >= 48,
};

interface CodedFrame {
  readonly position: UnitPosition;
  key: boolean;
  /** The first slice; null until one is there. */
  slice: H264Slice | 'hevc' | null;
  /** `first_mb_in_slice` of the last slice. */
  lastSlice: number;
  /** Two fields are there. */
  paired: boolean;
}

export class AccessUnits {
  readonly list: AccessUnit[] = [];
  /** Two fields have made one frame. */
  fieldCoded = false;
  /** Sequence parameter sets as they came last; the first one ever is kept apart. */
  sps: Uint8Array | null = null;
  firstSps: Uint8Array | null = null;
  private readonly codec: NalCodec;
  private current: CodedFrame | null = null;
  /** Units before the slice that tells if they belong to a second field. */
  private pending: { readonly position: UnitPosition; recovery: boolean } | null = null;

  constructor(codec: NalCodec) {
    this.codec = codec;
  }

  /**
   * @param position of its start code
   * @param head first bytes of the unit, at most `UNIT_HEAD`; all of it where it is a sequence parameter set
   */
  unit(position: UnitPosition, head: Uint8Array): void {
    const { codec } = this;
    const first = head[0] ?? 0;
    if (codec === 'hevc' && (((first & 1) << 5) | ((head[1] ?? 0) >> 3)) > 0) return; // another layer
    const type = codec === 'avc' ? first & 31 : (first >> 1) & 63;
    if (type === (codec === 'avc' ? 7 : 33)) {
      this.sps = head.slice();
      this.firstSps ??= this.sps;
    }
    const isSlice = codec === 'avc' ? type >= 1 && type <= 5 : type < 32;
    if (isSlice) this.slice(position, type, head);
    else if (OPENS[codec](type)) {
      this.pending ??= { position, recovery: false };
      if (codec === 'avc' && type === 6 && isRecoveryPoint(head)) this.pending.recovery = true;
    }
  }

  private slice(position: UnitPosition, type: number, head: Uint8Array): void {
    const { codec, pending } = this;
    const at = pending?.position ?? position;
    if (codec === 'hevc') {
      const opens = pending !== null || this.current === null || (head[2]! & 128) !== 0;
      if (!opens) return;
      this.emit();
      this.current = {
        position: at,
        key: type >= 16 && type <= 23,
        slice: 'hevc',
        lastSlice: 0,
        paired: false,
      };
      this.pending = null;
      return;
    }
    // Partitions B and C follow their A.
    if (type === 3 || type === 4) return;
    const slice = sliceOf(head, this.sps);
    const before = this.current;
    if (!pending && before?.slice && slice.firstMacroblock > before.lastSlice) {
      before.lastSlice = slice.firstMacroblock;
      return;
    }
    if (
      before &&
      !before.paired &&
      before.slice &&
      before.slice !== 'hevc' &&
      isSecondField(before.slice, slice)
    ) {
      before.paired = true;
      this.fieldCoded = true;
      before.lastSlice = slice.firstMacroblock;
      this.pending = null;
      return;
    }
    this.emit();
    const recovery = pending?.recovery === true && slice.intra;
    this.current = {
      position: at,
      key: type === 5 || recovery,
      slice,
      lastSlice: slice.firstMacroblock,
      paired: false,
    };
    this.pending = null;
  }

  private emit(): void {
    if (this.current) this.list.push({ position: this.current.position, key: this.current.key });
    this.current = null;
  }

  /** Hands over the last picture. */
  end(): void {
    this.emit();
  }
}
