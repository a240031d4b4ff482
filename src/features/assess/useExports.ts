/** Exports: the result as text, JSON, CSV and PNG card, and the shown frame as PNG. */
import { useMemo } from 'react';
import type { Result } from '../../../core/files/result.ts';
import type { ShownFrame } from '../../assessment/assess-store.ts';
import { loadPart } from '../../assessment/build.ts';
import { assess, media } from '../../assessment/session.ts';
import { saveFile } from '../../page/save-file.ts';
import { stem } from '../../ui/ffmpeg-line.ts';
import type { MenuItem } from '../../ui/Menu.tsx';
import { useLang } from '../../ui/messages/useMessages.tsx';
import { resultCsv, resultJson, resultOfficialCsv, resultText } from './export-text.ts';
import { useAssessMessages } from './messages/useAssessMessages.ts';
import type { Player } from './player.ts';
import { noScore, type ScoreState } from './ScorePanel.tsx';

export interface Exports {
  readonly items: readonly MenuItem[] | null;
  readonly copy: (() => Promise<void>) | null;
  readonly saveFrame: () => void;
}

/** A frame at full resolution, with the colour conversion of the media worker. */
async function frameBitmap(player: Player, frame: number): Promise<ImageBitmap> {
  const { width, height, rgba } = await media.frameImage(player.video.id, frame);
  return createImageBitmap(new ImageData(rgba, width, height));
}

async function png(bitmap: ImageBitmap): Promise<Blob> {
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0);
  bitmap.close();
  return canvas.convertToBlob({ type: 'image/png' });
}

export function useExports(parts: {
  readonly result: Result | null;
  readonly score: ScoreState;
  readonly player: Player | null;
  readonly frames: readonly ShownFrame[];
}): Exports {
  const { result, score, player, frames } = parts;
  const t = useAssessMessages();
  const lang = useLang();
  return useMemo(() => {
    const saveFrame = () => {
      if (!player) return;
      const { frame } = player.store.getState();
      const name = t.assess.frameFile(stem(player.video.facts.name), frame + 1);
      frameBitmap(player, frame)
        .then(png)
        .then((blob) => saveFile(name, blob))
        .catch(assess.fail);
    };
    if (!result) return { items: null, copy: null, saveFrame };
    const name = stem(result.file.name);
    const card = async () => {
      const middle = frames[frames.length >> 1];
      const image =
        player && middle
          ? await frameBitmap(player, player.store.getState().frame || middle.index)
          : (middle?.thumbnail ?? null);
      const { resultCard } = await loadPart(() => import('./result-card.ts'));
      saveFile(`${name}-card.png`, await resultCard(result, image, t, lang, noScore(score, t) ?? ''));
    };
    const text = async () => {
      if (!result.levels) return resultText(result, score, t, lang);
      const { levelResultText } = await loadPart(() => import('./levels/level-text.ts'));
      return levelResultText(result, lang);
    };
    const items: MenuItem[] = [
      {
        id: 'json',
        label: t.actions.exportJson,
        onSelect: () => saveFile(`${name}.json`, resultJson(result), 'application/json'),
      },
      {
        id: 'csv',
        label: t.actions.exportCsv,
        onSelect: () => saveFile(`${name}.csv`, resultCsv(result), 'text/csv'),
      },
      {
        id: 'official',
        label: t.assess.exportOfficial,
        onSelect: () => saveFile(`${name}-official.csv`, resultOfficialCsv(result), 'text/csv'),
      },
      // The card draws the ruler of 1 to 5.
      ...(result.levels
        ? []
        : [{ id: 'png', label: t.actions.exportPng, onSelect: () => void card().catch(assess.fail) }]),
    ];
    const copy = async () => navigator.clipboard.writeText(await text());
    return { items, copy, saveFrame };
  }, [result, score, player, frames, t, lang]);
}
