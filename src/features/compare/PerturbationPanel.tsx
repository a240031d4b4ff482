/** Settings of the perturbation: mode, strength, seed and the frames it reorders. */
import { useId } from 'react';
import { useStore } from 'zustand';
import type { PerturbMode } from '../../../core/sampling/perturb.ts';
import { ActionButton } from '../../page/ActionButton.tsx';
import { Button } from '../../ui/Button.tsx';
import { Notice } from '../../ui/Notice.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { Segmented } from '../../ui/Segmented.tsx';
import { compare } from './state/session.ts';
import { strongest } from './state/timeline.ts';
import './PerturbationPanel.css';
import { useCompareMessages } from './messages/useCompareMessages.ts';
import './Range.css';

/** Two rows of three. */
const MODES: readonly PerturbMode[] = [
  'shuffle',
  'local_shuffle',
  'reverse',
  'jitter',
  'duplicate',
  'random_drop',
];

export interface PerturbationPanelProps {
  /** Opens a file chooser for a second video, which replaces the perturbed copy. */
  readonly onSecond: () => void;
  /** Opens a file chooser for another original. */
  readonly onAnother: () => void;
}

export function PerturbationPanel({ onSecond, onAnother }: PerturbationPanelProps) {
  const t = useCompareMessages();
  const { settings, profile, perturbation } = useStore(compare.store);
  const single = perturbation?.drawn.kind === 'unperturbable' && perturbation.drawn.draws === 0;
  return (
    <Panel
      title={t.perturbation.title}
      note={<span className="compare-perturbation__to">{t.perturbation.appliedTo}</span>}
      tools={
        <Segmented
          label={t.perturbation.appliedTo}
          value={settings.over}
          options={[
            { value: 'sampled', label: t.perturbation.over.sampled(profile.frames) },
            { value: 'video', label: t.perturbation.over.video },
          ]}
          onChange={(over) => compare.change({ over, strength: null, offset: 0 })}
        />
      }
    >
      <Modes />
      <div className="compare-perturbation__row">
        <Seed />
        <span className="compare-perturbation__aside">{t.perturbation.same}</span>
      </div>
      <Strength />
      <p className="compare-perturbation__aside">
        {settings.over === 'video' ? t.perturbation.paper : t.perturbation.official}
      </p>
      {single ? (
        <Notice>{t.perturbation.single}</Notice>
      ) : (
        perturbation?.unseen && <Notice>{t.perturbation.unseen(profile.frames)}</Notice>
      )}
      <p className="compare-perturbation__second">
        <Button onClick={onSecond}>{t.perturbation.second}</Button>
        <Button look="quiet" kbd="O" onClick={onAnother}>
          {t.perturbation.another}
        </Button>
      </p>
    </Panel>
  );
}

function Modes() {
  const t = useCompareMessages();
  const { mode } = useStore(compare.store, (state) => state.settings);
  const name = useId();
  return (
    <fieldset className="compare-modes">
      <legend className="ui-sr">{t.perturbation.title}</legend>
      {MODES.map((value) => (
        <label key={value} className="compare-modes__mode">
          <input
            type="radio"
            className="compare-modes__input"
            name={name}
            checked={value === mode}
            onChange={() => compare.change({ mode: value })}
          />
          <span className="compare-modes__card">
            <strong>{t.perturbation.modes[value][0]}</strong>
            <span>{t.perturbation.modes[value][1]}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function Seed() {
  const t = useCompareMessages();
  const { seed } = useStore(compare.store, (state) => state.settings);
  const id = useId();
  return (
    <>
      <label htmlFor={id}>{t.perturbation.seed}</label>
      <input
        id={id}
        className="ui-field compare-field"
        inputMode="numeric"
        value={String(seed)}
        onChange={(event) => {
          const value = Number(event.target.value.replace(/\D/g, ''));
          if (Number.isSafeInteger(value)) compare.change({ seed: value });
        }}
      />
      <ActionButton action="newSeed" icon="dice">
        {t.perturbation.newSeed}
      </ActionButton>
    </>
  );
}

/** Steps of the logarithmic strength slider. */
const STEPS = 100;

function Strength() {
  const t = useCompareMessages();
  const { settings, perturbation, profile, a } = useStore(compare.store);
  const id = useId();
  const { mode, over } = settings;
  const L = a?.video.times.length ?? 1;
  const most = strongest(over, L, profile.frames);
  const strength = perturbation?.strength ?? 1;
  const none = mode === 'shuffle' || mode === 'reverse';
  const toStep = (value: number) => (most > 1 ? Math.round((Math.log(value) / Math.log(most)) * STEPS) : 0);
  const means =
    mode === 'shuffle' || mode === 'reverse'
      ? t.perturbation.means[mode]
      : t.perturbation.means[mode](mode === 'local_shuffle' ? 4 * strength : strength);
  return (
    <div className="compare-perturbation__row">
      <label htmlFor={id}>{t.perturbation.strength}</label>
      <input
        id={id}
        type="range"
        className="compare-range"
        min={0}
        max={STEPS}
        value={none ? 0 : toStep(strength)}
        disabled={none || most <= 1}
        aria-valuetext={none ? t.perturbation.noStrength : String(strength)}
        onChange={(event) =>
          compare.change({ strength: Math.max(1, Math.round(most ** (Number(event.target.value) / STEPS))) })
        }
      />
      <span className="compare-perturbation__means">{means}</span>
      {settings.strength !== null && !none && (
        <Button look="quiet" onClick={() => compare.change({ strength: null })}>
          {t.perturbation.strengthUsual}
        </Button>
      )}
    </div>
  );
}
