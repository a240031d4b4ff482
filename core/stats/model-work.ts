/**
 * Arithmetic and memory traffic of a model by its shape, and what they leave of a machine's measured rates: the fewest
 * seconds of each stage. Formulas count a multiplication and its addition as two operations. Ours.
 */

/** Sizes of a transformer's layers. */
export interface TextShape {
  readonly hidden_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
  readonly head_dim: number;
  readonly intermediate_size: number;
  readonly vocab_size: number;
}

export interface VisionShape {
  readonly hidden_size: number;
  readonly num_hidden_layers: number;
  readonly intermediate_size: number;
  /** Pixels of a side. */
  readonly patch_size: number;
}

const names: readonly (keyof TextShape)[] = [
  'hidden_size',
  'num_hidden_layers',
  'num_attention_heads',
  'num_key_value_heads',
  'head_dim',
  'intermediate_size',
  'vocab_size',
];
const visionNames: readonly (keyof VisionShape)[] = [
  'hidden_size',
  'num_hidden_layers',
  'intermediate_size',
  'patch_size',
];

function numbersOf<Name extends string>(
  given: unknown,
  wanted: readonly Name[],
): Record<Name, number> | null {
  const values = (given ?? {}) as Record<string, unknown>;
  const valid = wanted.every((name) => typeof values[name] === 'number' && (values[name] as number) > 0);
  return valid ? (values as Record<Name, number>) : null;
}

/** Shapes in a package's `config.json`; null where it names none, as of a vision encoder that is no transformer. */
export function shapesOf(config: unknown): {
  readonly text: TextShape | null;
  readonly vision: VisionShape | null;
} {
  const { text_config: text, vision_config: vision } = (config ?? {}) as Record<string, unknown>;
  return { text: numbersOf(text, names), vision: numbersOf(vision, visionNames) };
}

/** Operations of a matrix product that reads each weight once. */
const operations = (weights: number): number => 2 * weights;

/** Weights of the layers, without embeddings and head. */
function layerWeights(shape: TextShape): number {
  const { hidden_size: width, head_dim: size, intermediate_size: inner } = shape;
  const queries = shape.num_attention_heads * size;
  const keys = shape.num_key_value_heads * size;
  return shape.num_hidden_layers * (2 * width * queries + 2 * width * keys + 3 * width * inner);
}

/**
 * Operations of a prefill: the layers for each token, attention to the tokens before it, and the head for the last.
 *
 * @param past tokens of the cache before them
 */
export function prefillOperations(shape: TextShape, tokens: number, past: number): number {
  const queries = shape.num_attention_heads * shape.head_dim;
  // Scores and weighted values of token i over past + i + 1 tokens.
  const attended = tokens * past + (tokens * (tokens + 1)) / 2;
  return (
    tokens * operations(layerWeights(shape)) +
    2 * operations(shape.num_hidden_layers * queries * attended) +
    operations(shape.hidden_size * shape.vocab_size)
  );
}

/** Bytes of keys and values of so many tokens. @param elementBytes 2 or 4 */
export function cacheBytes(shape: TextShape, tokens: number, elementBytes: number): number {
  return 2 * shape.num_hidden_layers * shape.num_key_value_heads * shape.head_dim * tokens * elementBytes;
}

/** Operations of a vision transformer over one frame of size × size pixels. */
export function visionOperations(shape: VisionShape, size: number): number {
  const {
    hidden_size: width,
    num_hidden_layers: layers,
    intermediate_size: inner,
    patch_size: patch,
  } = shape;
  const patches = Math.floor(size / patch) ** 2;
  const tokens = patches + 1;
  return (
    operations(patches * 3 * patch ** 2 * width) +
    layers * (tokens * operations(4 * width ** 2 + 2 * width * inner) + 2 * operations(tokens ** 2 * width))
  );
}
