/** Items of the Export menu. */
import { useMemo } from 'react';
import { type BatchMetrics, isPair } from '../../../core/stats/batch-metrics.ts';
import { hashFile } from '../../../workers/hash/client.ts';
import { APP } from '../../assessment/session.ts';
import { saveFile } from '../../page/save-file.ts';
import type { MenuItem } from '../../ui/Menu.tsx';
import { batchFullCsv, batchJson, batchOfficialCsv, settingsHash } from './exports.ts';
import { useBatchMessages } from './messages/useBatchMessages.ts';
import { scatterPng, scatterSvg } from './scatter-svg.ts';
import type { BatchState } from './state/store.ts';

export function useExportItems(state: BatchState, metrics: BatchMetrics | null): readonly MenuItem[] {
  const t = useBatchMessages();
  return useMemo(() => {
    const { rows, name, model } = state;
    const stem = name.replace(/[^\p{L}\p{N}._-]+/gu, '-') || 'batch';
    const pairs = rows.filter(isPair);
    const noPairs = pairs.length === 0;
    const scatter = [pairs, metrics?.all ?? null, model?.range ?? [1, 5], t] as const;
    const saveJson = async () => {
      const hash = await settingsHash(state, hashFile);
      saveFile(`${stem}.json`, batchJson(state, APP, hash), 'application/json');
    };
    return [
      {
        id: 'official',
        label: t.exports.official,
        detail: t.exports.officialHelp,
        disabled: noPairs,
        onSelect: () => saveFile(`${stem}.csv`, batchOfficialCsv(state), 'text/csv'),
      },
      {
        id: 'full',
        label: t.exports.full,
        onSelect: () => saveFile(`${stem}-full.csv`, batchFullCsv(state), 'text/csv'),
      },
      { id: 'json', label: t.exports.json, onSelect: () => void saveJson() },
      {
        id: 'svg',
        label: t.exports.svg,
        disabled: noPairs,
        onSelect: () => saveFile(`${stem}.svg`, scatterSvg(...scatter), 'image/svg+xml'),
      },
      {
        id: 'png',
        label: t.exports.png,
        disabled: noPairs,
        onSelect: () => void scatterPng(...scatter).then((blob) => saveFile(`${stem}.png`, blob)),
      },
    ];
  }, [state, metrics, t]);
}
