/**
 * Builds one ONNX graph. Values are named by strings; an operator method appends a node and returns its output's name.
 *
 * Weights are lazy: a graph holds their types, shapes and callbacks, but no bytes. All graphs of a package are therefore
 * built and checked before a tensor is read, and a checkpoint larger than memory can be converted.
 *
 * 1. A lowering calls `weight(name, type, dims, produce)`. `produce` returns the bytes; usually it reads rows of the
 *    checkpoint with `Matrix.read(first, count)` (matrix.ts) and quantises them.
 * 2. `layOut` (external.ts) gives each weight a range in a data file, by its size alone.
 * 3. `writeGraph` (external.ts) calls each `produce` once, in order, and writes its bytes; one weight at a time is in
 *    memory. `encode` then gives the `.onnx` with those ranges.
 *
 * Weights that come from one computation, as the integers and scales of a matrix, share it by `sharedBetween(parts, make)`
 * (linear.ts): `make` runs for the first part that is written, and its result is dropped after the last.
 */
import { bytesOf } from './numbers.ts';
import {
  type Attribute,
  type Dimension,
  type ElementType,
  type ExternalLocation,
  elementBytes,
  elementTypes,
  encodeModel,
  type OnnxNode,
  type TensorInfo,
  type ValueInfo,
} from './onnx.ts';

export const msDomain = 'com.microsoft';

export interface Weight {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly bytes: number;
  /** Bytes in the session after load: folded weights grow to float32. */
  readonly loadedBytes: number;
  readonly produce: () => Promise<Uint8Array>;
  /** Name of an earlier graph of the package with the same weight, whose data file this graph refers to. */
  readonly sharedFrom?: string;
}

interface NodeOptions {
  readonly domain?: string;
  readonly outputs?: number;
}

function product(dims: readonly number[]): number {
  return dims.reduce((total, n) => total * n, 1);
}

/** Bytes of the largest tensor of a package: every usual WebGPU adapter allows a binding of this size. */
export const tensorLimit = 2 ** 28;

/** Bytes of weights in one session of the decoder, so that heaps and uploads stay small and parts load one by one. */
export const partLimit = 2 ** 30;

export interface GraphOptions {
  /** Bytes of weights of one session of the decoder; it is cut between layers. */
  readonly partLimit?: number;
  /** Also output the values that are given to `tap`, for conformance checks. */
  readonly tapped?: boolean;
  /** Bytes that a weight may have once it is loaded; larger ones are split. */
  readonly tensorLimit?: number;
  /** Graphs of the same package with which this one shares weights of equal name. */
  readonly sharesWith?: readonly Graph[];
}

export class Graph {
  readonly name: string;
  readonly tensorLimit: number;
  readonly weights: Weight[] = [];
  readonly #sharesWith: readonly Graph[];
  /** Nodes of the graph, or of the loop body under construction. */
  #nodes: OnnxNode[] = [];
  readonly #constants = new Map<string, TensorInfo>();
  readonly #inputs: ValueInfo[] = [];
  readonly #outputs: ValueInfo[] = [];
  readonly #tapped: boolean;
  readonly #counts = new Map<string, number>();
  #scope = '';

  constructor(name: string, options: GraphOptions = {}) {
    this.name = name;
    this.#tapped = options.tapped ?? false;
    this.tensorLimit = options.tensorLimit ?? tensorLimit;
    this.#sharesWith = options.sharesWith ?? [];
  }

  /** Names inside `build` begin with `part.`. */
  scope<T>(part: string, build: () => T): T {
    const outer = this.#scope;
    this.#scope = `${outer}${part}.`;
    const result = build();
    this.#scope = outer;
    return result;
  }

  #unique(stem: string): string {
    const name = this.#scope + stem;
    const n = this.#counts.get(name) ?? 0;
    this.#counts.set(name, n + 1);
    return n === 0 ? name : `${name}_${n}`;
  }

  input(name: string, type: ElementType, shape: readonly Dimension[]): string {
    this.#inputs.push({ name, type, shape });
    return name;
  }

  /** Makes a value an output of the graph under the given name. */
  output(name: string, value: string, type: ElementType, shape: readonly Dimension[]): void {
    this.#nodes.push({
      op: 'Identity',
      domain: '',
      name: `output.${name}`,
      inputs: [value],
      outputs: [name],
      attributes: {},
    });
    this.#outputs.push({ name, type, shape });
  }

  /** An intermediate value as an output, for conformance checks; no node in a package. */
  tap(name: string, value: string, shape: readonly Dimension[], type: ElementType = 'float32'): void {
    if (!this.#tapped) return;
    this.output(name, type === 'float32' ? value : this.cast(value, 'float32'), 'float32', shape);
  }

  /** A node with one output. */
  node(
    op: string,
    inputs: readonly string[],
    attributes: Record<string, Attribute> = {},
    options: NodeOptions = {},
  ): string {
    return this.nodes(op, inputs, attributes, options)[0]!;
  }

  /** A node with several outputs. */
  nodes(
    op: string,
    inputs: readonly string[],
    attributes: Record<string, Attribute> = {},
    options: NodeOptions = {},
  ): string[] {
    const name = this.#unique(op);
    const count = options.outputs ?? 1;
    const outputs = Array.from({ length: count }, (_, i) => (i === 0 ? name : `${name}:${i}`));
    this.#nodes.push({ op, domain: options.domain ?? '', name, inputs, outputs, attributes });
    return outputs;
  }

  /**
   * A Loop: runs `build` as long as its condition holds, at most `most` times (int64 []).
   *
   * @param carried values passed from one turn to the next, with their names before the first turn
   * @param build given the turn (int64 []) and the carried values, in order; returns the condition (bool []), the next
   *   carried values, and the values that are collected, one row a turn
   * @returns the last carried values, then the collected ones
   */
  loop(
    most: string,
    carried: readonly (ValueInfo & { readonly first: string })[],
    collected: readonly ValueInfo[],
    build: (turn: string, values: string[]) => { condition: string; carried: string[]; collected: string[] },
  ): string[] {
    const outer = this.#nodes;
    this.#nodes = [];
    const flag = { type: 'bool', shape: [] } as const;
    const turn = { name: this.#unique('turn'), type: 'int64', shape: [] } as const;
    const before = { name: this.#unique('go_on'), ...flag };
    const inputs = carried.map(({ name, type, shape }) => ({ name: this.#unique(name), type, shape }));
    const made = build(
      turn.name,
      inputs.map(({ name }) => name),
    );
    const results = [made.condition, ...made.carried, ...made.collected];
    const kinds = [flag, ...carried, ...collected];
    // A result may be an outer value or an input of the body, which no graph may name as its output.
    const outputs = results.map((value, i) => {
      const { type, shape } = kinds[i] as Omit<ValueInfo, 'name'>;
      return { name: this.node('Identity', [value]), type, shape };
    });
    const nodes = this.#nodes;
    this.#nodes = outer;
    const body = { name: `${this.name}_body`, nodes, inputs: [turn, before, ...inputs], outputs };
    return this.nodes(
      'Loop',
      [most, '', ...carried.map(({ first }) => first)],
      { body: { body } },
      { outputs: results.length - 1 },
    );
  }

  #constant(type: ElementType, dims: readonly number[], data: Uint8Array): string {
    const key = `${type} ${dims.join(',')} ${data.join(',')}`;
    const existing = this.#constants.get(key);
    if (existing !== undefined) return existing.name;
    const name = `constant_${this.#constants.size}`;
    this.#constants.set(key, { name, type, dims, data });
    return name;
  }

  /** A small constant inside the graph; equal ones are shared. */
  integers(values: readonly number[], dims: readonly number[] = [values.length]): string {
    return this.#constant('int64', dims, bytesOf(BigInt64Array.from(values, BigInt)));
  }

  floats(values: readonly number[], dims: readonly number[] = [values.length]): string {
    return this.#constant('float32', dims, bytesOf(Float32Array.from(values)));
  }

  int32(value: number): string {
    return this.#constant('int32', [1], bytesOf(Int32Array.of(value)));
  }

  /**
   * A weight in the external data file.
   *
   * @param loadedBytes bytes in a session after load; defaults to the stored bytes
   */
  weight(
    stem: string,
    type: ElementType,
    dims: readonly number[],
    produce: () => Promise<ArrayBufferView>,
    loadedBytes?: number,
  ): string {
    const bytes = product(dims) * elementBytes[type];
    const name = this.#unique(stem);
    const checked = async () => {
      const data = bytesOf(await produce());
      if (data.length !== bytes) throw new RangeError(`${name} has ${data.length} bytes, not ${bytes}`);
      return data;
    };
    const sharedFrom = this.#sharesWith.find(({ weights }) =>
      weights.some(
        (weight) =>
          weight.name === name &&
          weight.type === type &&
          weight.dims.join() === dims.join() &&
          weight.sharedFrom === undefined,
      ),
    )?.name;
    this.weights.push({
      name,
      type,
      dims,
      bytes,
      loadedBytes: loadedBytes ?? bytes,
      produce: checked,
      ...(sharedFrom !== undefined && { sharedFrom }),
    });
    return name;
  }

  /** float32 values in memory as a weight. */
  values(stem: string, dims: readonly number[], data: Float32Array): string {
    return this.weight(stem, 'float32', dims, async () => data);
  }

  /** @param stored range or bytes of each weight; a missing one is an error of the writer */
  encode(
    producer: { name: string; version: string },
    stored: ReadonlyMap<string, ExternalLocation | Uint8Array>,
  ): Uint8Array {
    const weights = this.weights.map(({ name, type, dims }) => {
      const data = stored.get(name);
      if (data === undefined) throw new RangeError(`${name} was not written`);
      return { name, type, dims, data };
    });
    return encodeModel({
      graph: {
        name: this.name,
        nodes: this.#nodes,
        initializers: [...this.#constants.values(), ...weights],
        inputs: this.#inputs,
        outputs: this.#outputs,
      },
      producer,
      opsets: [
        { domain: '', version: 21 },
        { domain: msDomain, version: 1 },
      ],
    });
  }

  add(a: string, b: string): string {
    return this.node('Add', [a, b]);
  }

  mul(a: string, b: string): string {
    return this.node('Mul', [a, b]);
  }

  matmul(a: string, b: string): string {
    return this.node('MatMul', [a, b]);
  }

  relu(x: string): string {
    return this.node('Relu', [x]);
  }

  /** Exact (erf) GELU. */
  gelu(x: string): string {
    return this.node('Gelu', [x]);
  }

  softmax(x: string): string {
    return this.node('Softmax', [x], { axis: -1 });
  }

  /** @param dims 0 keeps a dimension, −1 is inferred */
  reshape(x: string, dims: readonly number[]): string {
    return this.node('Reshape', [x, this.integers(dims)]);
  }

  transpose(x: string, perm: readonly number[]): string {
    return this.node('Transpose', [x], { perm });
  }

  concat(values: readonly string[], axis: number): string {
    return values.length === 1 ? values[0]! : this.node('Concat', values, { axis });
  }

  gather(x: string, indices: string, axis: number): string {
    return this.node('Gather', [x, indices], { axis });
  }

  split(x: string, sizes: readonly number[], axis: number): string[] {
    return this.nodes('Split', [x, this.integers(sizes)], { axis }, { outputs: sizes.length });
  }

  /** Elements from (inclusive) to (exclusive) along one axis. */
  slice(x: string, from: number, to: number, axis: number): string {
    return this.node('Slice', [x, this.integers([from]), this.integers([to]), this.integers([axis])]);
  }

  /**
   * Zeros at the end of an axis. All axes are written out: with the `axes` input, onnxruntime's layout pass for WebGPU
   * permutes the two numbers as if there were one pair for each axis, and fails at run time.
   */
  padEnd(x: string, axis: number, rank: number, count = 1): string {
    const pads = Array.from({ length: 2 * rank }, (_, i) => (i === rank + axis ? count : 0));
    return this.node('Pad', [x, this.integers(pads)]);
  }

  cast(x: string, type: ElementType): string {
    return this.node('Cast', [x], { to: elementTypes[type] });
  }

  layerNorm(x: string, weight: string, bias: string, epsilon: number): string {
    return this.node('LayerNormalization', [x, weight, bias], { axis: -1, epsilon: { float: epsilon } });
  }
}
