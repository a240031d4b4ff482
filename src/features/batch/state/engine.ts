/** One video of a batch through the page's own media and model workers; nothing of it stays in memory. */

import { viewAnswer } from '../../../../core/answer/answer-stream.ts';
import { distortionsOf, findDistortions } from '../../../../core/answer/lexicon.ts';
import type { LoadedModel } from '../../../../workers/model/api.ts';
import type { ModelStore } from '../../../assessment/model/model-store.ts';
import { jpegOf, ROW_THUMBNAIL } from '../../../assessment/run/jpeg.ts';
import { readAnswer, resultAnswer } from '../../../assessment/run/result-file.ts';
import { type FrameSource, runAssessment } from '../../../assessment/run/run-assessment.ts';
import type { BatchAnswer, BatchEngine } from './store.ts';

const MAX_TOKENS = 1024;

export interface BatchMedia extends FrameSource {
  close(id: number): void;
}

export function createBatchEngine(media: BatchMedia, models: ModelStore): BatchEngine {
  const describe = ({ manifest, manifestSha256, dtype, backend, adapter }: LoadedModel) => ({
    name: manifest.name,
    manifestSha256,
    dtype,
    target: backend,
    backend,
    adapter,
    range: [...manifest.scale.range] as [number, number],
  });

  async function assess(file: File, signal: AbortSignal): Promise<BatchAnswer> {
    let opened: number | null = null;
    const bitmaps: ImageBitmap[] = [];
    try {
      const model = models.ready();
      const { answer } = await runAssessment({
        file,
        video: null,
        kept: new Map(),
        media,
        client: models.client,
        model,
        sampling: { kind: 'greedy' },
        maxTokens: MAX_TOKENS,
        // One picture a row.
        pictured: (vision) => vision.slice(vision.length >> 1, (vision.length >> 1) + 1),
        signal,
        onEvent(event) {
          if (event.kind === 'opened') opened = event.video.id;
          if (event.kind === 'frame' && event.frame.thumbnail) bitmaps.push(event.frame.thumbnail);
        },
      });
      if (answer.end === 'aborted') throw new DOMException('stopped', 'AbortError');
      const read = resultAnswer(answer, readAnswer(answer, await model));
      const { thinking } = viewAnswer(answer.text);
      const middle = bitmaps[bitmaps.length >> 1];
      return {
        score: read.score,
        ...(read.reason === undefined ? {} : { reason: read.reason }),
        ...(read.expected === undefined ? {} : { expected: read.expected }),
        text: answer.text,
        tokens: answer.tokens,
        named: distortionsOf(findDistortions(thinking)).found,
        thumbnail: await jpegOf(middle ?? null, ROW_THUMBNAIL),
      };
    } finally {
      for (const bitmap of bitmaps) bitmap.close();
      if (opened !== null) media.close(opened);
    }
  }

  return {
    async ready() {
      const loaded = await models.ready();
      return {
        model: describe(loaded),
        settings: { profile: loaded.profile.name, sampling: 'greedy', maxTokens: MAX_TOKENS },
      };
    },
    assess,
  };
}
