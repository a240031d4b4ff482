/** A scoring process: loads the model once, then answers one file after the other. */
import { nodeMedia } from '../node/media.ts';
import { loadModel } from '../node/model.ts';
import { preparePlatform } from '../node/platform.ts';
import { errorData } from '../node/rows.ts';
import { type Session, scoreFile } from '../node/score-file.ts';
import type { FromProcess, ToProcess } from './pool.ts';

const say = (message: FromProcess) => void process.send?.(message);

async function answer(session: Session, { job }: ToProcess): Promise<void> {
  const signal = new AbortController().signal;
  try {
    say({ kind: 'row', row: await scoreFile(job.path, session, { ...job, signal }) });
  } catch (error) {
    say({ kind: 'row', row: { path: job.path, error: errorData(error) } });
  }
}

/** @param model folder or address */
export async function runProcess(model: string): Promise<void> {
  process.on('disconnect', () => process.exit(0));
  try {
    preparePlatform();
    const session = { media: nodeMedia(), model: await loadModel(model) };
    process.on('message', (message: ToProcess) => void answer(session, message));
    say({ kind: 'ready' });
  } catch (error) {
    say({ kind: 'failed', error: errorData(error) });
  }
}
