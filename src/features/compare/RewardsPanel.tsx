/** Reward inspector: the rewards that each answer to A would get in training, with their formulas. */

import { useId, useMemo, useState } from 'react';
import { useStore } from 'zustand';
import { signed } from '../../../core/text/format.ts';
import { Notice } from '../../ui/Notice.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { Rich } from '../../ui/Rich.tsx';
import { Segmented } from '../../ui/Segmented.tsx';
import type { CompareMessages } from './messages/en.ts';
import { both, compare } from './state/session.ts';
import { REWARD_MODES } from './state/settings.ts';
import './RewardsPanel.css';
import { useCompareMessages } from './messages/useCompareMessages.ts';
import { type FormulaName, type Opponent, type RewardView, rewardView, short } from './rewards-view.ts';

const COLUMNS = ['format', 'rank', 'regression', 'temporal', 'sum', 'advantage'] as const;

export interface RewardsPanelProps {
  readonly chosen: number;
  readonly onChoose: (k: number) => void;
}

export function RewardsPanel({ chosen, onChoose }: RewardsPanelProps) {
  const t = useCompareMessages();
  const { runs, model } = useStore(both.store);
  const { settings, b: second } = useStore(compare.store);
  const [opponent, setOpponent] = useState<Opponent | null>(null);
  const range = model?.manifest.scale.range;
  const view = useMemo(() => {
    if (!runs.a || runs.a.answers.length === 0 || !range) return null;
    return rewardView({
      mode: settings.rewards,
      range,
      a: runs.a.answers.map(({ raw }) => raw.text),
      b: runs.b?.answers.map(({ raw }) => raw.text) ?? null,
      perturbed: second === null,
      mosA: settings.mosA,
      mosB: settings.mosB,
      opponent: second ? null : opponent,
    });
  }, [runs, range, settings.rewards, settings.mosA, settings.mosB, second, opponent]);
  return (
    <Panel
      title={t.rewards.title}
      note={settings.mosA === null ? '' : t.rewards.against(settings.mosA.toFixed(2))}
      tools={
        <Segmented
          label={t.rewards.mode}
          value={settings.rewards}
          options={REWARD_MODES.map((value) => ({ value, label: t.rewards.modes[value] }))}
          onChange={(rewards) => compare.change({ rewards })}
        />
      }
      flush
    >
      <div className="compare-rewards">
        <div className="compare-rewards__fields">
          <MosField label={t.rewards.mos} help={t.rewards.mosHelp} name="mosA" />
          {second && <MosField label={t.rewards.mosB} name="mosB" />}
        </div>
        {view ? (
          <Inspector view={view} chosen={chosen} onChoose={onChoose} />
        ) : (
          <p className="compare-rewards__empty">{t.rewards.empty}</p>
        )}
        {settings.mosA !== null && !second && <OpponentFields onChange={setOpponent} />}
      </div>
    </Panel>
  );
}

/** Field of a MOS from 1 to 5; other input counts as none. */
function MosField(props: { readonly label: string; readonly help?: string; readonly name: 'mosA' | 'mosB' }) {
  const { label, help, name } = props;
  const id = useId();
  const value = useStore(compare.store, (state) => state.settings[name]);
  const [text, setText] = useState(value === null ? '' : String(value));
  return (
    <div className="compare-rewards__field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        className="ui-field compare-field"
        inputMode="decimal"
        value={text}
        aria-describedby={help ? `${id}h` : undefined}
        onChange={(event) => {
          setText(event.target.value);
          const number = Number(event.target.value);
          const valid = event.target.value.trim() !== '' && number >= 1 && number <= 5;
          compare.change({ [name]: valid ? number : null });
        }}
      />
      {help && (
        <span id={`${id}h`} className="compare-rewards__help">
          {help}
        </span>
      )}
    </div>
  );
}

/** Scores and MOS of an opponent for the rank reward. */
function OpponentFields({ onChange }: { readonly onChange: (opponent: Opponent | null) => void }) {
  const t = useCompareMessages();
  const id = useId();
  const [scores, setScores] = useState('');
  const [mos, setMos] = useState('');
  const take = (scores: string, mos: string) => {
    const numbers = scores.split(/[\s,;，；]+/).flatMap((part) => (part === '' ? [] : [Number(part)]));
    const valid =
      numbers.length > 0 &&
      numbers.every(Number.isFinite) &&
      mos.trim() !== '' &&
      Number.isFinite(Number(mos));
    onChange(valid ? { scores: numbers, mos: Number(mos) } : null);
  };
  return (
    <fieldset className="compare-rewards__opponent">
      <legend>{t.rewards.opponent}</legend>
      <label htmlFor={`${id}s`}>{t.rewards.opponentScores}</label>
      <input
        id={`${id}s`}
        className="ui-field compare-field compare-field--wide"
        value={scores}
        aria-describedby={`${id}h`}
        onChange={(event) => {
          setScores(event.target.value);
          take(event.target.value, mos);
        }}
      />
      <label htmlFor={`${id}m`}>{t.rewards.opponentMos}</label>
      <input
        id={`${id}m`}
        className="ui-field compare-field"
        inputMode="decimal"
        value={mos}
        onChange={(event) => {
          setMos(event.target.value);
          take(scores, event.target.value);
        }}
      />
      <p id={`${id}h`} className="compare-rewards__help">
        {t.rewards.opponentHelp}
      </p>
    </fieldset>
  );
}

function Inspector(props: RewardsPanelProps & { readonly view: RewardView }) {
  const { view, chosen, onChoose } = props;
  const t = useCompareMessages();
  const k = Math.min(chosen, view.rows.length - 1);
  const hasMos = useStore(compare.store, (state) => state.settings.mosA !== null);
  // The other rewards need a MOS.
  const columns = hasMos ? COLUMNS : (['format'] as const);
  const cell = (value: number | null, write: (value: number) => string) =>
    value === null ? '–' : write(value);
  return (
    <>
      <div className="compare-rewards__scroll">
        <table className="compare-rewards__table">
          <caption className="ui-sr">
            {t.rewards.title}, {t.rewards.sideA}
          </caption>
          <thead>
            <tr>
              <th scope="col">{t.rewards.columns.answer}</th>
              {columns.map((name) => (
                <th key={name} scope="col">
                  {t.rewards.columns[name]}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {view.rows.map((row, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: answers are numbered
              <tr key={i} className={i === k ? 'compare-rewards__row--chosen' : undefined}>
                <th scope="row">
                  <button
                    type="button"
                    className="compare-rewards__choose"
                    aria-pressed={i === k}
                    aria-label={`${t.rewards.choose(i + 1)}: ${row.written || t.rewards.unreadable}`}
                    onClick={() => onChoose(i)}
                  >
                    {row.written || t.rewards.unreadable}
                  </button>
                </th>
                <td>{row.format}</td>
                {hasMos && (
                  <>
                    <td>{cell(row.rank, (x) => short(x))}</td>
                    <td>{cell(row.regression, (x) => short(x))}</td>
                    <td>{cell(row.temporal, (x) => (x === 0 ? '0' : `+${short(x, 1)}`))}</td>
                    <td>
                      <strong>{cell(row.sum, (x) => short(x))}</strong>
                    </td>
                    <td>{cell(row.advantage, (x) => signed(x))}</td>
                  </>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {view.raises && <Notice icon="alert">{t.rewards.raised(view.raises)}</Notice>}
      {view.drawn && <Notice>{t.rewards.drawn}</Notice>}
      <dl className="compare-rewards__formulas">
        {columns.map((name) => (
          <Formula key={name} name={name} view={view} k={k} />
        ))}
      </dl>
    </>
  );
}

/** Reason why a reward cannot be computed, or null. */
function lacks(name: FormulaName, view: RewardView, t: CompareMessages): string | null {
  if (name === 'rank' && !view.ranked) return t.rewards.noOpponent;
  if (name === 'temporal') return view.rules.temporalOn ? null : t.rewards.temporalOff;
  if (name === 'advantage') return view.rows.length < 2 ? t.rewards.one : null;
  return null;
}

function Formula(props: { readonly name: FormulaName; readonly view: RewardView; readonly k: number }) {
  const { name, view, k } = props;
  const t = useCompareMessages();
  const second = useStore(compare.store, (state) => state.b);
  const formula = view.formulas(k, t.rewards.columns)[name];
  const missing = name === 'temporal' && second ? t.rewards.perturbedOnly : lacks(name, view, t);
  return (
    <div>
      <dt>{t.rewards.columns[name]}</dt>
      <dd>
        {missing === null && formula ? (
          <code>
            <Rich text={formula} />
          </code>
        ) : (
          <span className="compare-rewards__help">{missing ?? '–'}</span>
        )}
      </dd>
    </div>
  );
}
