/** One sentence about what the small model's score rests on, and a short sheet: its limits first. */
import { useState } from 'react';
import type { Manifest } from '../../../core/files/manifest.ts';
import { BUNDLED, preferredPackage } from '../../assessment/model/preferred-package.ts';
import { hashOf } from '../../page/router.ts';
import { TextButton } from '../../ui/Button.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { Rich } from '../../ui/Rich.tsx';
import type { SmallMessages } from './messages/small-model.en.ts';
import { useAssessMessages } from './messages/useAssessMessages.ts';
import './SmallModelNote.css';

/** Name of the package that ships with the page. */
const SMALL = 'VQAThinker small';

/** Scale of the package that ships, for the sentence before it is loaded. */
type ShippedScale =
  | { readonly kind: 'own' }
  | { readonly kind: 'human'; readonly datasets: { readonly length: number } };
export const SHIPPED: { readonly scale: ShippedScale } = { scale: { kind: 'own' } };

/** True for the package that ships with the page; before a model is loaded, when that one will be. */
export const isSmallModel = (manifest: Pick<Manifest, 'name' | 'scale'> | null): boolean =>
  manifest ? manifest.name === SMALL && manifest.scale.kind !== 'unmeasured' : preferredPackage() === BUNDLED;

/** Lines of the sheet and the metrics of the manifest that they state; without the metric there is no line. */
export const MEASURED = [
  ['attribution', 'top-1 attribution, held-out clips'],
  ['srcc', 'SRCC, held-out clips'],
  ['ladder', 'Spearman, ladder, mean of heads'],
  ['shuffle', 'clean preferred to shuffle'],
] as const;

/** Address of Models with the steps to the largest model. */
export const LARGER_MODEL = hashOf('models', 'get=vqathinker-8b');

export function SmallModelNote({ manifest }: { readonly manifest: Manifest | null }) {
  const { small: t } = useAssessMessages();
  const [open, setOpen] = useState(false);
  const scale: Manifest['scale'] | ShippedScale = (manifest ?? SHIPPED).scale;
  const sentence = scale.kind === 'human' ? t.human.sentence(scale.datasets.length) : t.sentence;
  return (
    <p className="assess-small">
      {sentence} <TextButton onClick={() => setOpen(true)}>{t.more}</TextButton>
      {open && <SmallModelSheet manifest={manifest} onClose={() => setOpen(false)} />}
    </p>
  );
}

/** Limits and measured lines of the sheet, from the manifest. */
export function sheetLines(manifest: Pick<Manifest, 'scale' | 'metrics'> | null, t: SmallMessages) {
  const named = (name: string) => manifest?.metrics.find((one) => one.name === name);
  const measured = MEASURED.flatMap(([line, name]) => {
    const metric = named(name);
    return metric ? [t.measured[line](metric.value, metric.n)] : [];
  });
  const scale = manifest?.scale;
  if (scale?.kind !== 'human') return { cannot: [...t.cannotUnrated, ...t.cannot], measured };
  const names = scale.datasets.map(({ name }) => name);
  const rated = scale.datasets.reduce((sum, { n }) => sum + n, 0);
  const others = names.flatMap((name) => named(`SRCC, ${name}, trained on the other sets`)?.value ?? []);
  const tests = names.flatMap((name) => {
    const metric = named(`SRCC, ${name}, test clips`);
    return metric ? [t.human.test(name, metric.value, metric.n)] : [];
  });
  return {
    cannot: [
      t.human.estimate(rated, names.join(', ')),
      ...(others.length > 0 ? [t.human.elsewhere(Math.min(...others), Math.max(...others))] : []),
      ...t.human.cannot,
      ...t.cannot,
    ],
    measured: [...tests, ...measured],
  };
}

function SmallModelSheet(props: { readonly manifest: Manifest | null; readonly onClose: () => void }) {
  const { manifest, onClose } = props;
  const { small: t } = useAssessMessages();
  const { cannot, measured } = sheetLines(manifest, t);
  return (
    <Dialog title={t.title} onClose={onClose}>
      <div className="assess-sheet">
        <p>{t.lead}</p>
        <h3>{t.cannotTitle}</h3>
        <ul>
          {cannot.map((line) => (
            <li key={line}>
              <Rich text={line} />
            </li>
          ))}
        </ul>
        <h3>{t.canTitle}</h3>
        <ul>
          {measured.map((line) => (
            <li key={line}>
              <Rich text={line} />
            </li>
          ))}
        </ul>
        <p>{t.source}</p>
        <p>
          <a href={LARGER_MODEL}>{t.larger}</a> · <a href={hashOf('models')}>{t.card}</a>
        </p>
      </div>
    </Dialog>
  );
}
