/**
 * Requirements of a package against a machine: the variant that would be loaded, and each need beside the value that
 * the browser reports. Ours.
 */
import type { Manifest, Variant } from './manifest.ts';

export type Backend = Variant['target'];
export type Dtype = Variant['dtype'];

/** Best first: on a GPU four-bit weights are read fastest; on the processor q8 is folded to fp32 at load, so is as fast. */
const PREFERENCE: Record<Backend, readonly Dtype[]> = {
  webgpu: ['q4f16', 'q4', 'q8', 'fp16', 'fp32'],
  wasm: ['q8', 'fp32'],
};

/** The best variant for a target that the adapter can compute; `dtype` asks for one. */
export function bestVariant(
  manifest: Pick<Manifest, 'variants'>,
  backend: Backend,
  adapter: { readonly shaderF16: boolean } | null,
  dtype?: Dtype,
): Variant | undefined {
  const fits = manifest.variants.filter(
    (variant) =>
      variant.target === backend &&
      (dtype === undefined || variant.dtype === dtype) &&
      (!variant.needs.includes('shader-f16') || adapter?.shaderF16 === true),
  );
  return PREFERENCE[backend]
    .map((wanted) => fits.find((variant) => variant.dtype === wanted))
    .find((variant) => variant !== undefined);
}

/** Properties of this machine; null = not reported by the browser. */
export interface Machine {
  readonly adapter: {
    readonly name: string;
    readonly software: boolean;
    readonly shaderF16: boolean;
    /** Largest storage buffer in bytes. */
    readonly maxBuffer: number;
  } | null;
  /** Bytes of memory, rounded down by the browser and capped at 8 GB. */
  readonly memory: number | null;
  /** Bytes that this page may still store. */
  readonly free: number | null;
}

export type NeedName = 'adapter' | 'shader-f16' | 'buffer' | 'memory' | 'storage';

export interface Need {
  readonly name: NeedName;
  /** Bytes, or null where the need is a yes or no. */
  readonly needs: number | null;
  readonly here: number | null;
  /** Null: unknown before it is tried. */
  readonly met: boolean | null;
}

export interface MachineCheck {
  /** Null where some need is unknown. */
  readonly runs: boolean | null;
  readonly backend: Backend;
  readonly variant: Variant | null;
  readonly needs: readonly Need[];
}

/** A tensor over 256 MiB is split by the converter, so that no buffer is larger. */
const LARGEST_TENSOR = 256 << 20;
/** A 32-bit WebAssembly memory. */
const WASM_LIMIT = 2 ** 32;
/** Largest memory that browsers report; the machine may have much more. */
const MEMORY_CAP = 8 * 2 ** 30;

/** Files of a variant and the small ones that all variants share. */
export function filesOf(manifest: Manifest, variant: Variant): Manifest['files'] {
  const shared = /^[^/]+\.(json|md)$/i;
  const variantFiles = new Set(variant.files);
  return manifest.files.filter(({ path }) => variantFiles.has(path) || shared.test(path));
}

export const bytesOf = (files: readonly { readonly bytes: number }[]): number =>
  files.reduce((sum, file) => sum + file.bytes, 0);

/**
 * @param stored bytes of this package that are on this device already
 */
export function checkMachine(manifest: Manifest, machine: Machine, stored = 0): MachineCheck {
  const { adapter } = machine;
  const real = adapter !== null && !adapter.software;
  const order: readonly Backend[] = real ? ['webgpu', 'wasm'] : ['wasm'];
  const picked = order
    .map((backend) => ({ backend, variant: bestVariant(manifest, backend, adapter) }))
    .find(({ variant }) => variant !== undefined);
  if (!picked?.variant) return without(manifest, machine);
  const { backend, variant } = picked as { backend: Backend; variant: Variant };
  const needs: Need[] = [];
  if (backend === 'webgpu') {
    needs.push({ name: 'adapter', needs: null, here: null, met: true });
    if (variant.needs.includes('shader-f16')) {
      needs.push({ name: 'shader-f16', needs: null, here: null, met: adapter?.shaderF16 === true });
    }
    const files = filesOf(manifest, variant).filter(({ path }) => variant.files.includes(path));
    const largest = Math.min(
      LARGEST_TENSOR,
      files.reduce((most, { bytes }) => Math.max(most, bytes), 0),
    );
    const limit = adapter?.maxBuffer ?? 0;
    needs.push({ name: 'buffer', needs: largest, here: limit, met: largest <= limit });
  }
  needs.push(memoryNeed(backend, variant, machine), storageNeed(manifest, variant, machine, stored));
  return { runs: all(needs), backend, variant, needs };
}

function memoryNeed(backend: Backend, variant: Variant, { memory }: Machine): Need {
  const needs = backend === 'webgpu' ? variant.gpuBytes + variant.heapBytes : variant.heapBytes;
  if (variant.heapBytes > WASM_LIMIT) return { name: 'memory', needs, here: WASM_LIMIT, met: false };
  // Browsers do not report the memory of a graphics adapter.
  if (backend === 'webgpu' || memory === null) return { name: 'memory', needs, here: null, met: null };
  if (needs <= memory / 2) return { name: 'memory', needs, here: memory, met: true };
  return { name: 'memory', needs, here: memory, met: memory >= MEMORY_CAP || needs < memory ? null : false };
}

function storageNeed(manifest: Manifest, variant: Variant, { free }: Machine, stored: number): Need {
  const needs = Math.max(0, bytesOf(filesOf(manifest, variant)) - stored);
  return { name: 'storage', needs, here: free, met: free === null ? null : needs <= free };
}

/** Check of a machine that no variant fits, with the need that is not met. */
function without(manifest: Manifest, { adapter }: Machine): MachineCheck {
  const f16 = adapter !== null && !adapter.software && manifest.variants.some((v) => v.target === 'webgpu');
  const need: Need = { name: f16 ? 'shader-f16' : 'adapter', needs: null, here: null, met: false };
  return { runs: false, backend: f16 ? 'webgpu' : 'wasm', variant: null, needs: [need] };
}

function all(needs: readonly Need[]): boolean | null {
  if (needs.some(({ met }) => met === false)) return false;
  return needs.some(({ met }) => met === null) ? null : true;
}
