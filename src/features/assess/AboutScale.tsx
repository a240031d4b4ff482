/** Dialog about the scale: meaning of the score and population of the percentile. */

import { mosQuantilesOf } from '../../../core/answer/percentile.ts';
import type { Scale } from '../../../core/files/manifest.ts';
import { Dialog } from '../../ui/Dialog.tsx';
import './AboutScale.css';
import { useAssessMessages } from './messages/useAssessMessages.ts';

export function AboutScale({
  scale,
  onClose,
}: {
  readonly scale: Scale | null;
  readonly onClose: () => void;
}) {
  const t = useAssessMessages();
  return (
    <Dialog title={t.assess.aboutTitle} onClose={onClose}>
      <div className="assess-about">
        <h3>{t.assess.aboutNumber}</h3>
        <p>{t.assess.aboutRule}</p>
        <h3>{t.assess.aboutPercentile}</h3>
        <p>{scale ? population(scale, t) : t.assess.aboutUnmeasured}</p>
      </div>
    </Dialog>
  );
}

function about(scale: Extract<Scale, { kind: 'human' }>, t: ReturnType<typeof useAssessMessages>): string {
  const names = scale.datasets.map(({ name }) => name);
  const opinions = scale.opinions ?? mosQuantilesOf(names.join());
  const trained = scale.datasets.reduce((sum, { n }) => sum + n, 0);
  if (!opinions) return t.score.noPopulation;
  return scale.datasets.every(({ how }) => how === 'features')
    ? t.assess.aboutFeatures(trained, t.units.list(names), opinions.n)
    : t.assess.aboutHuman(t.units.list(names), opinions.n);
}

function population(scale: Scale, t: ReturnType<typeof useAssessMessages>): string {
  switch (scale.kind) {
    case 'own':
      return t.assess.aboutHeldOut(scale.n, scale.population);
    case 'human':
      return about(scale, t);
    case 'unmeasured':
      return t.assess.aboutUnmeasured;
  }
}
