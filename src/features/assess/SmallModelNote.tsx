/** One sentence about a model that was trained without human ratings, and a short sheet: its limits first. */
import { useState } from 'react';
import type { Manifest } from '../../../core/files/manifest.ts';
import { BUNDLED, preferredPackage } from '../../assessment/model/preferred-package.ts';
import { hashOf } from '../../page/router.ts';
import { TextButton } from '../../ui/Button.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { Rich } from '../../ui/Rich.tsx';
import { useAssessMessages } from './messages/useAssessMessages.ts';
import './SmallModelNote.css';

/** Name of the package that ships with the page. */
const SMALL = 'VQAThinker small';

/**
 * True for the package that ships with the page, as long as its scale comes from no human rating; before a model is
 * loaded, when that one will be.
 */
export const isSmallModel = (manifest: Pick<Manifest, 'name' | 'scale'> | null): boolean =>
  manifest ? manifest.name === SMALL && manifest.scale.kind === 'own' : preferredPackage() === BUNDLED;

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
  return (
    <p className="assess-small">
      {t.sentence} <TextButton onClick={() => setOpen(true)}>{t.more}</TextButton>
      {open && <SmallModelSheet manifest={manifest} onClose={() => setOpen(false)} />}
    </p>
  );
}

function SmallModelSheet(props: { readonly manifest: Manifest | null; readonly onClose: () => void }) {
  const { manifest, onClose } = props;
  const { small: t } = useAssessMessages();
  const measured = MEASURED.flatMap(([line, name]) => {
    const metric = manifest?.metrics.find((one) => one.name === name);
    return metric ? [t.measured[line](metric.value, metric.n)] : [];
  });
  return (
    <Dialog title={t.title} onClose={onClose}>
      <div className="assess-sheet">
        <p>{t.lead}</p>
        <h3>{t.cannotTitle}</h3>
        <ul>
          {t.cannot.map((line) => (
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
