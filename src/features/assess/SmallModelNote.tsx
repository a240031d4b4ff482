/** One sentence about what the small model's score rests on, and a short sheet: its limits first. */
import { useState } from 'react';
import type { Manifest } from '../../../core/files/manifest.ts';
import type { AssessState } from '../../assessment/assess-store.ts';
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
export const SHIPPED: { readonly scale: ShippedScale } = {
  scale: { kind: 'human', datasets: { length: 3 } },
};

/** True for the package that ships with the page; before a model is loaded, when that one will be. */
export const isSmallModel = (manifest: Pick<Manifest, 'name' | 'scale'> | null): boolean =>
  manifest ? manifest.name === SMALL && manifest.scale.kind !== 'unmeasured' : preferredPackage() === BUNDLED;

/** Lines of the sheet and the metrics of the manifest that they state; without the metric there is no line. */
export const MEASURED = [
  ['attribution', 'top-1 attribution, held-out clips'],
  ['srcc', 'SRCC, held-out clips'],
  ['ladder', 'Spearman, real clips'],
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

type Sets = readonly { readonly name: string }[];
type Named = (name: string) => Manifest['metrics'][number] | undefined;

function agreementElsewhere(sets: Sets, named: Named, t: SmallMessages): string[] {
  const values = sets.flatMap(({ name }) => named(`SRCC, ${name}, trained on the other sets`)?.value ?? []);
  return values.length > 0 ? [t.human.elsewhere(Math.min(...values), Math.max(...values))] : [];
}

function agreementOnTests(sets: Sets, named: Named, t: SmallMessages): string[] {
  return sets.flatMap(({ name }) => {
    // Of the written score; a card from before that was measured has it of the estimate alone.
    const metric = named(`SRCC of the text, ${name}, test clips`) ?? named(`SRCC, ${name}, test clips`);
    return metric ? [t.human.test(name, metric.value, metric.n)] : [];
  });
}

/** Limits and measured lines of the sheet, from the manifest. */
export function sheetLines(
  manifest: Pick<Manifest, 'scale' | 'metrics' | 'humanHead'> | null,
  t: SmallMessages,
) {
  const named = (name: string) => manifest?.metrics.find((one) => one.name === name);
  const measured = MEASURED.flatMap(([line, name]) => {
    const metric = named(name);
    return metric ? [t.measured[line](metric.value, metric.n)] : [];
  });
  const head = manifest?.humanHead;
  const about = head && [
    t.people.about(
      head.datasets.reduce((sum, { n }) => sum + n, 0),
      head.datasets.map(({ name }) => name).join(', '),
      head.test.halfWidth.toFixed(2),
      head.test.n,
    ),
    ...agreementElsewhere(head.datasets, named, t),
    ...t.human.cannot,
    t.people.short,
  ];
  const scale = manifest?.scale;
  if (scale?.kind !== 'human')
    return {
      cannot: [...t.cannotUnrated, ...(about ?? []), ...t.cannot],
      measured: [...(head ? agreementOnTests(head.datasets, named, t) : []), ...measured],
    };
  const names = scale.datasets.map(({ name }) => name);
  const rated = scale.datasets.reduce((sum, { n }) => sum + n, 0);
  return {
    cannot: [
      t.human.estimate(rated, names.join(', ')),
      ...agreementElsewhere(scale.datasets, named, t),
      ...t.human.cannot,
      t.human.short,
      ...t.cannot,
    ],
    measured: [...agreementOnTests(scale.datasets, named, t), ...measured],
  };
}

/** The estimate of people's score: of the same height in every state. */
export function PeopleEstimate(props: {
  readonly head: NonNullable<Manifest['humanHead']> | null;
  readonly estimate: AssessState['estimate'];
}) {
  const { head, estimate } = props;
  const { people: t } = useAssessMessages().small;
  const stored = typeof estimate === 'object';
  if (!head && !stored) return null;
  const text = stored
    ? t.value(estimate.score.toFixed(2), estimate.halfWidth.toFixed(2))
    : estimate === 'none'
      ? t.waiting
      : t[estimate];
  const sets = head?.datasets.length ?? (stored ? estimate.datasets.length : 0);
  return (
    <p className="assess-people" aria-live="polite">
      {t.name}: <Rich text={text} /> <span className="assess-people__basis">{t.basis(sets)}</span>
    </p>
  );
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
