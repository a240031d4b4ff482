/** One file on disk to its row. */
import { type Session, scoreVideo } from '../../library/score-video.ts';
import type { ScoreOptions } from '../../library/video-score.ts';
import { fileOf } from './media.ts';
import type { Scored } from './rows.ts';

export { modelFactsOf, type Session, scoreVideo } from '../../library/score-video.ts';

/** @throws as `scoreVideo` does; Error of the file system */
export async function scoreFile(path: string, session: Session, options: ScoreOptions): Promise<Scored> {
  return { path, ...(await scoreVideo(await fileOf(path), session, options)) };
}
