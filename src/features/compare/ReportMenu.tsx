/** Menu that saves the report of a comparison as JSON, CSV or PNG. */
import { useStore } from 'zustand';
import { APP } from '../../assessment/session.ts';
import { saveFile } from '../../page/save-file.ts';
import { Button } from '../../ui/Button.tsx';
import { Menu } from '../../ui/Menu.tsx';
import { useLang } from '../../ui/messages/useMessages.tsx';
import { useCompareMessages } from './messages/useCompareMessages.ts';
import { type ReportInput, reportCsv, reportJson } from './report.ts';
import { reportCard } from './report-card.ts';
import { sideScores } from './side-scores.ts';
import { both, compare, measurer } from './state/session.ts';

function reportInput(): ReportInput | null {
  const { a, b, timeline, settings, sha256 } = compare.store.getState();
  if (!a || !b || !timeline) return null;
  const { runs, model } = both.store.getState();
  const side = (name: 'a' | 'b') => ({
    facts: (name === 'a' ? a : b).video.facts,
    sha256: sha256[name],
    scores: sideScores(runs[name]),
  });
  return {
    app: APP,
    createdAt: new Date().toISOString(),
    a: side('a'),
    b: side('b'),
    timeline,
    offset: settings.offset,
    measured: measurer.store.getState(),
    model: runs.a || runs.b ? (model?.manifest.name ?? null) : null,
  };
}

export function ReportMenu() {
  const t = useCompareMessages();
  const lang = useLang();
  const any = useStore(measurer.store, ({ done, vmaf }) => done > 0 || vmaf !== null);
  const save = async (kind: 'json' | 'csv' | 'png') => {
    const input = reportInput();
    if (!input) return;
    const name = t.report.file(base(input.a.facts.name), base(input.b.facts.name), kind);
    if (kind === 'png') saveFile(name, await reportCard(input, t, lang));
    else if (kind === 'json') saveFile(name, reportJson(input), 'application/json');
    else saveFile(name, reportCsv(input), 'text/csv');
  };
  return (
    <Menu
      label={t.report.export}
      items={(['json', 'csv', 'png'] as const).map((kind) => ({
        id: kind,
        ...t.report.kinds[kind],
        disabled: !any,
        onSelect: () => void save(kind),
      }))}
      button={(props) => (
        <Button look="quiet" icon="download" iconAfter="chevronDown" disabled={!any} {...props}>
          {t.report.export}
        </Button>
      )}
    />
  );
}

const base = (name: string): string => name.replace(/\.[^.]+$/, '');
