/** `vqathinker doctor`: decoder, model and speed on the bundled clip. */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { nodeMedia } from '../node/media.ts';
import { loadModel } from '../node/model.ts';
import { decoderName, home, preparePlatform } from '../node/platform.ts';
import { scoreFile } from '../node/score-file.ts';
import { STATUS } from './status.ts';

const say = (name: string, value: string) => process.stdout.write(`${name.padEnd(10)}${value}\n`);

/**
 * Scores the bundled clip twice: the second time shows the speed without the start.
 *
 * @throws CodedError where decoder or model are missing
 */
export async function doctor(model: string): Promise<number> {
  say('node', `${process.version}, ${process.platform} ${process.arch}, ${availableParallelism()} cores`);
  preparePlatform();
  say('decoder', decoderName ?? '');
  const media = nodeMedia();
  for (const { name, supported } of await media.codecs())
    say('', `${name.padEnd(6)} ${supported ? 'yes' : 'no'}`);
  const session = { media, model: await loadModel(model) };
  const { manifest, dtype, seconds } = session.model.facts;
  say('model', `${manifest.name}, ${dtype}, loaded in ${seconds.toFixed(1)} s`);
  const sample = join(home, 'sample.mp4');
  if (!existsSync(sample)) return STATUS.passed;
  const options = { every: 0, people: false, signal: new AbortController().signal };
  await scoreFile(sample, session, options);
  const { score, ms } = await scoreFile(sample, session, options);
  say('sample', `score ${score?.toFixed(2) ?? 'none'} in ${(ms / 1000).toFixed(2)} s`);
  return score === null ? STATUS.platform : STATUS.passed;
}
