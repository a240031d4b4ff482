/** Assesses one video of a batch in the page's media and model workers; nothing of it stays in memory. */

import type { ModelStore } from '../../../assessment/model/model-store.ts';
import { type Answer, MAX_TOKENS } from '../../../assessment/run/answer.ts';
import { assessFile, type FrameSource } from '../../../assessment/run/assess-file.ts';
import { DecodedFrames } from '../../../assessment/run/decoded-frames.ts';
import { jpegOf, ROW_THUMBNAIL } from '../../../assessment/run/jpeg.ts';
import { modelFacts, namedAnswer } from '../../../assessment/run/result-file.ts';
import type { BatchAnswer, BatchEngine } from './store.ts';

export interface BatchMedia extends FrameSource {
  close(id: number): void;
}

export function createBatchEngine(media: BatchMedia, models: ModelStore): BatchEngine {
  async function assess(file: File, signal: AbortSignal): Promise<BatchAnswer> {
    let opened: number | null = null;
    const bitmaps: ImageBitmap[] = [];
    try {
      const { answers } = await assessFile({
        file,
        video: null,
        frames: new DecodedFrames(),
        media,
        client: models.client,
        model: models.ready(),
        // One thumbnail a row, of the middle frame.
        thumbnails: ({ vision }) => vision.slice(vision.length >> 1, (vision.length >> 1) + 1),
        signal,
        onEvent(event) {
          if (event.kind === 'opened') opened = event.video.id;
          if (event.kind === 'frame' && event.frame.thumbnail) bitmaps.push(event.frame.thumbnail);
        },
      });
      const answer = answers[0] as Answer;
      if (answer.raw.end === 'aborted') throw new DOMException('stopped', 'AbortError');
      return { ...namedAnswer(answer), thumbnail: await jpegOf(bitmaps[0] ?? null, ROW_THUMBNAIL) };
    } finally {
      for (const bitmap of bitmaps) bitmap.close();
      if (opened !== null) media.close(opened);
    }
  }

  return {
    async ready() {
      const loaded = await models.ready();
      return {
        model: {
          ...modelFacts(loaded),
          range: [...loaded.manifest.scale.range],
          scale: loaded.manifest.scale.kind,
        },
        settings: { profile: loaded.profile.name, sampling: 'greedy', maxTokens: MAX_TOKENS },
      };
    },
    assess,
  };
}
