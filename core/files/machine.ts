/**
 * Requirements of a package against a machine: the variant that would be loaded, and each need beside the value that
 * the browser reports. Ours.
 */
import type { Variant } from './manifest.ts';

export type Backend = Variant['target'];
export type Dtype = Variant['dtype'];

/** Best first: on a GPU four-bit weights are read fastest; on the processor q8 is folded to fp32 at load, so is as fast. */
const PREFERENCE: Record<Backend, readonly Dtype[]> = {
  webgpu: ['q4f16', 'q4', 'q8', 'fp16', 'fp32'],
  wasm: ['q8', 'fp32'],
};

/** The best variant for a target that the adapter can compute; `dtype` asks for one, `except` leaves some out. */
export function bestVariant(
  manifest: Pick<Requirements, 'variants'>,
  backend: Backend,
  adapter: { readonly shaderF16: boolean } | null,
  dtype?: Dtype,
  except: ReadonlySet<Variant> = new Set(),
): Variant | undefined {
  const fits = manifest.variants.filter(
    (variant) =>
      variant.target === backend &&
      !except.has(variant) &&
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
  /** True where weights are streamed to the adapter: WebAssembly can switch stacks (JSPI). */
  readonly streams: boolean;
  /** Bytes of graphics memory that were allocated in a test, and that could not be; 0 and Infinity before any. */
  readonly allocation?: { readonly fits: number; readonly fails: number };
}

export type NeedName =
  | 'adapter'
  | 'shader-f16'
  | 'buffer'
  | 'gpu-memory'
  | 'streaming'
  | 'memory'
  | 'storage';

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
/** Bytes of weights that a browser which cannot stream them may hold in memory; above it the tab is ended. */
export const HELD_LIMIT = 2 ** 31;
/** Largest memory that browsers report; the machine may have much more. */
const MEMORY_CAP = 8 * 2 ** 30;

/** The part of a manifest that a machine is checked against; of a package that does not exist yet too. */
export interface Requirements {
  readonly variants: readonly Variant[];
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  /** Bytes of the largest weight, where it is computed; else it is estimated from the files. */
  readonly largestTensor?: number;
}

/** Files of a variant and the small ones that all variants share. */
export function filesOf<File extends { readonly path: string }>(
  { files, humanHead }: { readonly files: readonly File[]; readonly humanHead?: { readonly path: string } },
  variant: Variant,
): File[] {
  const shared = /^[^/]+\.(json|md)$/i;
  const variantFiles = new Set(variant.files);
  return files.filter(({ path }) => variantFiles.has(path) || path === humanHead?.path || shared.test(path));
}

/** Files that the model worker reads of a variant: its own, the configuration, the tokenizer and the human head. */
export function loadedFiles<File extends { readonly path: string }>(
  { files, humanHead }: { readonly files: readonly File[]; readonly humanHead?: { readonly path: string } },
  variant: Variant,
): File[] {
  const shared = /^(config|generation_config|preprocessor_config|tokenizer|tokenizer_config)\.json$/;
  const variantFiles = new Set(variant.files);
  return files.filter(({ path }) => variantFiles.has(path) || path === humanHead?.path || shared.test(path));
}

export const bytesOf = (files: readonly { readonly bytes: number }[]): number =>
  files.reduce((sum, file) => sum + file.bytes, 0);

const isReal = (adapter: Machine['adapter']): adapter is NonNullable<Machine['adapter']> =>
  adapter !== null && !adapter.software;

/**
 * Every need of the variant that this machine would load. Where no variant fits, the needs are those of the variant
 * for a graphics adapter.
 *
 * @param stored bytes of this package that are on this device already
 */
export function checkMachine(manifest: Requirements, machine: Machine, stored = 0): MachineCheck {
  const { adapter } = machine;
  const order: readonly Backend[] = isReal(adapter) ? ['webgpu', 'wasm'] : ['wasm'];
  for (const backend of order) {
    const variant = bestVariant(manifest, backend, adapter);
    if (!variant) continue;
    const needs = needsOf(manifest, backend, variant, machine, stored);
    return { runs: all(needs), backend, variant, needs };
  }
  const wanted = bestVariant(manifest, 'webgpu', { shaderF16: true });
  const needs: readonly Need[] = wanted
    ? needsOf(manifest, 'webgpu', wanted, machine, stored)
    : [{ name: 'adapter', needs: null, here: null, met: false }];
  return { runs: false, backend: 'webgpu', variant: null, needs };
}

function needsOf(
  manifest: Requirements,
  backend: Backend,
  variant: Variant,
  machine: Machine,
  stored: number,
): Need[] {
  const gpu = backend === 'webgpu' ? adapterNeeds(manifest, variant, machine) : [];
  return [
    ...gpu,
    ...streamingNeed(manifest, variant, machine),
    memoryNeed(backend, variant, machine),
    storageNeed(manifest, variant, machine, stored),
  ];
}

/** Of a package too large to be held whole. */
function streamingNeed(manifest: Requirements, variant: Variant, { streams }: Machine): Need[] {
  if (bytesOf(loadedFiles(manifest, variant)) <= HELD_LIMIT) return [];
  return [{ name: 'streaming', needs: null, here: null, met: streams }];
}

function adapterNeeds(manifest: Requirements, variant: Variant, { adapter, allocation }: Machine): Need[] {
  const real = isReal(adapter);
  const largest =
    manifest.largestTensor ??
    Math.min(
      LARGEST_TENSOR,
      manifest.files.reduce(
        (most, { path, bytes }) => (variant.files.includes(path) ? Math.max(most, bytes) : most),
        0,
      ),
    );
  const here = real ? adapter.maxBuffer : null;
  return [
    { name: 'adapter', needs: null, here: null, met: real },
    ...(variant.needs.includes('shader-f16')
      ? [{ name: 'shader-f16', needs: null, here: null, met: real && adapter.shaderF16 } as const]
      : []),
    { name: 'buffer', needs: largest, here, met: here === null ? null : largest <= here },
    gpuMemoryNeed(variant, allocation),
  ];
}

/**
 * Browsers do not report the memory of a graphics adapter. An allocation that failed refuses; one that succeeded does not
 * prove that the model fits, since drivers may put buffers elsewhere.
 *
 * @returns `here`: bytes that were allocated in a test
 */
function gpuMemoryNeed({ gpuBytes }: Variant, allocation: Machine['allocation']): Need {
  const { fits = 0, fails = Number.POSITIVE_INFINITY } = allocation ?? {};
  return {
    name: 'gpu-memory',
    needs: gpuBytes,
    here: fits >= gpuBytes ? gpuBytes : null,
    met: gpuBytes >= fails ? false : null,
  };
}

/** Graphics memory above which an allocation is tried before a package is fetched or made. */
const TRIED = 2 ** 30;

/** Bytes of graphics memory to allocate in a test before somebody waits for this package; null without need of one. */
export function bytesToAllocate(requirements: Requirements, machine: Machine): number | null {
  const { runs, backend, variant } = checkMachine(requirements, machine);
  if (backend !== 'webgpu' || !variant || runs === false) return null;
  const { gpuBytes } = variant;
  return gpuBytes < TRIED || gpuBytes <= (machine.allocation?.fits ?? 0) ? null : gpuBytes;
}

/** A machine with the result of an allocation. */
export function withAllocation(machine: Machine, bytes: number, succeeded: boolean): Machine {
  const { fits = 0, fails = Number.POSITIVE_INFINITY } = machine.allocation ?? {};
  const allocation = succeeded
    ? { fits: Math.max(fits, bytes), fails: bytes >= fails ? Number.POSITIVE_INFINITY : fails }
    : { fits: bytes <= fits ? 0 : fits, fails: Math.min(fails, bytes) };
  return { ...machine, allocation };
}

/** Memory of the page. */
function memoryNeed(backend: Backend, { heapBytes: needs }: Variant, { memory }: Machine): Need {
  if (backend === 'wasm' && needs > WASM_LIMIT)
    return { name: 'memory', needs, here: WASM_LIMIT, met: false };
  if (memory === null) return { name: 'memory', needs, here: null, met: null };
  if (needs <= memory / 2) return { name: 'memory', needs, here: memory, met: true };
  return { name: 'memory', needs, here: memory, met: memory >= MEMORY_CAP || needs < memory ? null : false };
}

function storageNeed(manifest: Requirements, variant: Variant, { free }: Machine, stored: number): Need {
  const needs = Math.max(0, bytesOf(loadedFiles(manifest, variant)) - stored);
  return { name: 'storage', needs, here: free, met: free === null ? null : needs <= free };
}

function all(needs: readonly Need[]): boolean | null {
  if (needs.some(({ met }) => met === false)) return false;
  return needs.some(({ met }) => met === null) ? null : true;
}
