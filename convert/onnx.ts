/** ONNX messages, as far as this converter writes them. Field numbers are those of onnx.proto (IR version 10). */
import { ProtobufWriter } from './protobuf.ts';

/** TensorProto.DataType */
export const elementTypes = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
} as const;
export type ElementType = keyof typeof elementTypes;
export const elementBytes: Readonly<Record<ElementType, number>> = {
  float32: 4,
  uint8: 1,
  int8: 1,
  int32: 4,
  int64: 8,
  bool: 1,
  float16: 2,
};

/** A whole number, or an array of them, is an INT(S) attribute; `{float}` marks a FLOAT, `{body}` a GRAPH. */
export type Attribute =
  | number
  | readonly number[]
  | string
  | { readonly float: number }
  | { readonly body: OnnxBody };

/** A graph inside a node; it sees the values of the graph around it. */
export interface OnnxBody {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

export interface OnnxNode {
  readonly op: string;
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A fixed size, or the name of a free one. */
export type Dimension = number | string;

export interface ValueInfo {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly Dimension[];
}

export interface ExternalLocation {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

export interface TensorInfo {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly data: Uint8Array | ExternalLocation;
}

export interface OnnxGraph extends OnnxBody {
  readonly initializers: readonly TensorInfo[];
}

export interface OnnxModel {
  readonly graph: OnnxGraph;
  readonly producer: { readonly name: string; readonly version: string };
  readonly opsets: readonly { readonly domain: string; readonly version: number }[];
}

function attributeMessage(name: string, value: Attribute): ProtobufWriter {
  const out = new ProtobufWriter().string(1, name);
  if (typeof value === 'number') return out.integer(3, value).integer(20, 2);
  if (typeof value === 'string') return out.string(4, value).integer(20, 3);
  if ('float' in value) return out.float(2, value.float).integer(20, 1);
  if ('body' in value)
    return out.message(6, graphMessage({ ...value.body, initializers: [] })).integer(20, 5);
  for (const item of value) out.integer(8, item);
  return out.integer(20, 7);
}

function nodeMessage(node: OnnxNode): ProtobufWriter {
  const out = new ProtobufWriter();
  for (const input of node.inputs) out.string(1, input);
  for (const output of node.outputs) out.string(2, output);
  out.string(3, node.name).string(4, node.op);
  for (const [name, value] of Object.entries(node.attributes)) out.message(5, attributeMessage(name, value));
  return node.domain === '' ? out : out.string(7, node.domain);
}

function tensorMessage(tensor: TensorInfo): ProtobufWriter {
  const out = new ProtobufWriter()
    .packed(1, tensor.dims)
    .integer(2, elementTypes[tensor.type])
    .string(8, tensor.name);
  if (tensor.data instanceof Uint8Array) return out.bytes(9, tensor.data);
  const { location, offset, length } = tensor.data;
  for (const [key, value] of Object.entries({ location, offset: String(offset), length: String(length) })) {
    out.message(13, new ProtobufWriter().string(1, key).string(2, value));
  }
  return out.integer(14, 1);
}

function valueMessage(value: ValueInfo): ProtobufWriter {
  const shape = new ProtobufWriter();
  for (const size of value.shape) {
    const dimension = new ProtobufWriter();
    shape.message(1, typeof size === 'number' ? dimension.integer(1, size) : dimension.string(2, size));
  }
  const tensor = new ProtobufWriter().integer(1, elementTypes[value.type]).message(2, shape);
  return new ProtobufWriter().string(1, value.name).message(2, new ProtobufWriter().message(1, tensor));
}

function graphMessage(graph: OnnxGraph): ProtobufWriter {
  const out = new ProtobufWriter();
  for (const node of graph.nodes) out.message(1, nodeMessage(node));
  out.string(2, graph.name);
  for (const tensor of graph.initializers) out.message(5, tensorMessage(tensor));
  for (const input of graph.inputs) out.message(11, valueMessage(input));
  for (const output of graph.outputs) out.message(12, valueMessage(output));
  return out;
}

/** The bytes of a `.onnx` file. */
export function encodeModel(model: OnnxModel): Uint8Array {
  const out = new ProtobufWriter()
    .integer(1, 10)
    .string(2, model.producer.name)
    .string(3, model.producer.version)
    .message(7, graphMessage(model.graph));
  for (const { domain, version } of model.opsets) {
    out.message(8, new ProtobufWriter().string(1, domain).integer(2, version));
  }
  return out.finish();
}
