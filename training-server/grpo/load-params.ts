/** Parameters of the engine's `load` for a stage, and the hash of the data that a checkpoint belongs to. */
import { createHash } from 'node:crypto';
import { CodedError } from '../../core/errors.ts';
import type { Recipe } from '../../core/training/recipe.ts';
import type { Stage } from '../../core/training/recipe-stages.ts';
import type { StageData } from '../data/stage-data.ts';
import type { Engine } from '../engine/client.ts';
import type { Params } from '../engine/protocol.ts';

/**
 * @param pixelCache folder of the decoded frames
 * @throws CodedError `train/recipe` where a GPU is asked for and there is none
 */
export function loadParams(
  recipe: Recipe,
  stage: Stage,
  checkpoint: string,
  profile: Params<'load'>['profile'],
  engine: Engine,
  pixelCache: string,
): Params<'load'> {
  const { device, precision, gradientCheckpointing, decodeWorkers, pixelCacheGB } = recipe.engine;
  const { gpus } = engine.hello;
  if (device === 'cuda' && gpus === 0) {
    const problem = 'asks for a CUDA GPU, and this machine has none';
    throw new CodedError('train/recipe', { field: 'engine.device', problem });
  }
  const { maxGradNorm: _, lr: __, lrScale, ...optimiser } = stage.optimiser;
  return {
    checkpoint,
    profile,
    device: device === 'auto' ? (gpus > 0 ? 'cuda' : 'cpu') : device,
    precision,
    parts: stage.parts,
    reference: stage.objective === 'grpo' && stage.beta > 0,
    frozenBatchNorm: recipe.rules.frozenBatchNorm,
    optimiser: {
      ...optimiser,
      lrScale: Object.fromEntries(
        Object.entries(lrScale).flatMap(([part, factor]) => (factor === undefined ? [] : [[part, factor]])),
      ),
    },
    lora: stage.lora,
    gradientCheckpointing,
    seed: recipe.seed,
    pixelCache: { folder: pixelCache, bytes: pixelCacheGB * 1e9 },
    decodeWorkers,
  };
}

/** SHA-256 of videos and labels in order, independent of their folders. */
export function hashOf(data: StageData): string {
  const hash = createHash('sha256');
  for (const role of ['train', 'heldOut'] as const)
    for (const { source, id, mos, text, targets } of data[role])
      hash.update(JSON.stringify([role, source, id, mos, text, targets]));
  return hash.digest('hex');
}
