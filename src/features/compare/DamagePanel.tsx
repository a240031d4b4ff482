/** What is done to the order of the frames: kind, strength, seed, and to what. Or a second video in its place. */
import { useId } from 'react';
import { useStore } from 'zustand';
import type { PerturbMode } from '../../../core/sampling/perturb.ts';
import { Button } from '../../ui/Button.tsx';
import { Notice } from '../../ui/Notice.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { Segmented } from '../../ui/Segmented.tsx';
import { newSeed } from './adjust.ts';
import { compare } from './state/session.ts';
import { strongest } from './state/timeline.ts';
import './DamagePanel.css';
import { useCompareWords } from './messages/useCompareWords.ts';

/** In the order of the picture: two rows of three. */
const MODES: readonly PerturbMode[] = [
  'shuffle',
  'local_shuffle',
  'reverse',
  'jitter',
  'duplicate',
  'random_drop',
];

export interface DamagePanelProps {
  /** Asks for a second video in place of the damaged copy. */
  readonly onSecond: () => void;
  /** Asks for another original. */
  readonly onAnother: () => void;
}

export function DamagePanel({ onSecond, onAnother }: DamagePanelProps) {
  const w = useCompareWords();
  const { settings, profile, damage, b } = useStore(compare.store);
  if (b)
    return (
      <Panel title={w.damage.secondTitle}>
        <p className="compare-damage__line">
          <span className="compare-damage__file">{b.file.name}</span>
          <Button onClick={compare.closeB}>{w.damage.back}</Button>
        </p>
      </Panel>
    );
  const single = damage?.drawn.kind === 'unperturbable' && damage.drawn.draws === 0;
  return (
    <Panel
      title={w.damage.title}
      note={<span className="compare-damage__to">{w.damage.appliedTo}</span>}
      tools={
        <Segmented
          label={w.damage.appliedTo}
          value={settings.over}
          options={[
            { value: 'sampled', label: w.damage.over.sampled(profile.frames) },
            { value: 'video', label: w.damage.over.video },
          ]}
          onChange={(over) => compare.change({ over, strength: null, offset: 0 })}
        />
      }
    >
      <Modes />
      <div className="compare-damage__row">
        <Seed />
        <span className="compare-damage__aside">{w.damage.same}</span>
      </div>
      <Strength />
      <p className="compare-damage__aside">
        {settings.over === 'video' ? w.damage.paper : w.damage.official}
      </p>
      {single ? (
        <Notice>{w.damage.single}</Notice>
      ) : (
        damage?.unseen && <Notice>{w.damage.unseen(profile.frames)}</Notice>
      )}
      <p className="compare-damage__second">
        <Button onClick={onSecond}>{w.damage.second}</Button>
        <Button look="quiet" kbd="O" onClick={onAnother}>
          {w.damage.another}
        </Button>
      </p>
    </Panel>
  );
}

function Modes() {
  const w = useCompareWords();
  const { mode } = useStore(compare.store, (state) => state.settings);
  const name = useId();
  return (
    <fieldset className="compare-modes">
      <legend className="ui-sr">{w.damage.title}</legend>
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
            <strong>{w.damage.modes[value][0]}</strong>
            <span>{w.damage.modes[value][1]}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function Seed() {
  const w = useCompareWords();
  const { seed } = useStore(compare.store, (state) => state.settings);
  const id = useId();
  return (
    <>
      <label htmlFor={id}>{w.damage.seed}</label>
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
      <Button icon="dice" kbd="R" onClick={newSeed}>
        {w.damage.newSeed}
      </Button>
    </>
  );
}

/** Logarithmic: one step is the same ratio everywhere. */
const STEPS = 100;

function Strength() {
  const w = useCompareWords();
  const { settings, damage, profile, a } = useStore(compare.store);
  const id = useId();
  const { mode, over } = settings;
  const L = a?.video.times.length ?? 1;
  const most = strongest(over, L, profile.frames);
  const strength = damage?.strength ?? 1;
  const none = mode === 'shuffle' || mode === 'reverse';
  const toStep = (value: number) => (most > 1 ? Math.round((Math.log(value) / Math.log(most)) * STEPS) : 0);
  const means =
    mode === 'shuffle' || mode === 'reverse'
      ? w.damage.means[mode]
      : w.damage.means[mode](mode === 'local_shuffle' ? 4 * strength : strength);
  return (
    <div className="compare-damage__row">
      <label htmlFor={id}>{w.damage.strength}</label>
      <input
        id={id}
        type="range"
        className="compare-range"
        min={0}
        max={STEPS}
        value={none ? 0 : toStep(strength)}
        disabled={none || most <= 1}
        aria-valuetext={none ? w.damage.noStrength : String(strength)}
        onChange={(event) =>
          compare.change({ strength: Math.max(1, Math.round(most ** (Number(event.target.value) / STEPS))) })
        }
      />
      <span className="compare-damage__means">{means}</span>
      {settings.strength !== null && !none && (
        <Button look="quiet" onClick={() => compare.change({ strength: null })}>
          {w.damage.strengthUsual}
        </Button>
      )}
    </div>
  );
}
