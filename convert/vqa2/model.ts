/** The graphs of a VQA² package: both encoders, the embeddings, and the language decoder of the first family. */
import { sequenceLimit } from '../../core/vqa2/protocols.ts';
import { embedTokens } from '../embed.ts';
import type { Graph, GraphOptions } from '../graph.ts';
import { languageDecoders, type PromptSize } from '../language-decoder.ts';
import type { VariantChoice } from '../model.ts';
import { weightFormatsOf } from '../weight-formats.ts';
import type { Vqa2Checkpoint } from './checkpoint.ts';
import { fastMotionEncoder } from './motion.ts';
import { siglipEncoder } from './vision.ts';

/** As one frame of so many tokens: positions for a whole sequence and an answer. */
const prompt: PromptSize = { frames: 1, tokensPerFrame: sequenceLimit };

export function vqa2Graphs(
  checkpoint: Vqa2Checkpoint,
  { dtype, target }: VariantChoice,
  options: GraphOptions = {},
): Graph[] {
  const formats = weightFormatsOf(dtype, target);
  return [
    siglipEncoder(checkpoint, formats, options),
    fastMotionEncoder(checkpoint, formats, options),
    embedTokens(checkpoint, formats, options),
    ...languageDecoders(checkpoint, prompt, formats, options),
  ];
}
