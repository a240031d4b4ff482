/** What the number is and whose percentile it is, in full. */

import { mosQuantilesOf } from '../../../core/answer/percentile.ts';
import type { Scale } from '../../../core/files/manifest.ts';
import { Dialog } from '../../ui/Dialog.tsx';
import { useWords } from '../../ui/messages/useWords.tsx';

export function AboutScale({
  scale,
  onClose,
}: {
  readonly scale: Scale | null;
  readonly onClose: () => void;
}) {
  const w = useWords();
  return (
    <Dialog title={w.assess.aboutTitle} onClose={onClose}>
      <p>{scale ? population(scale, w) : w.assess.aboutUnmeasured}</p>
      <p className="assess-about__rule">{w.assess.aboutRule}</p>
      <p className="assess-about__rule">{w.grades.note}</p>
    </Dialog>
  );
}

function population(scale: Scale, w: ReturnType<typeof useWords>): string {
  switch (scale.kind) {
    case 'own':
      return w.assess.aboutOwn(scale.n, scale.population);
    case 'human':
      return w.assess.aboutHuman(scale.dataset, mosQuantilesOf(scale.dataset)?.n ?? scale.n);
    case 'unmeasured':
      return w.assess.aboutUnmeasured;
  }
}
