/** The Recent panel with the results stored on this device. */
import { useEffect } from 'react';
import { useStore } from 'zustand';
import { levelBand, levelText } from '../../../core/answer/level-band.ts';
import { recent, reopenRecent } from '../../assessment/session.ts';
import { useActions } from '../../page/useActions.ts';
import { writtenScore } from './export-text.ts';
import { useAssessMessages } from './messages/useAssessMessages.ts';
import { type RecentItem, RecentPanel } from './RecentPanel.tsx';

export function Recent() {
  const t = useAssessMessages();
  const { entries, removed } = useStore(recent.store);
  useEffect(() => void recent.refresh(), []);
  useActions({ undo: removed ? () => void recent.undo() : null });
  const items = entries.map(({ entry, thumbnail }): RecentItem => {
    const { file, score, band, levels, createdAt } = entry.result;
    const length = file.fps > 0 ? t.units.seconds(file.frames / file.fps, 0) : t.units.frames(file.frames);
    const ago = t.units.ago(Math.max(0, (Date.now() - Date.parse(createdAt)) / 1000));
    return {
      id: entry.id,
      name: file.name,
      facts: t.units.facts([`${file.width} × ${file.height}`, length, ago]),
      ...(thumbnail && { thumbnail }),
      score: levels
        ? { text: levelText(levels.percent), band: levelBand(levels.percent), levels: true }
        : score !== null && band !== undefined
          ? { text: writtenScore(entry.result), band }
          : null,
    };
  });
  return (
    <RecentPanel
      items={items}
      removed={removed ? { name: removed.result.file.name, onUndo: () => void recent.undo() } : undefined}
      onOpen={(id) => void reopenRecent(id)}
      onRemove={(id) => void recent.remove(id)}
    />
  );
}
