/** Completions of one step for one video: its frames, and each completion with its rewards and advantage. */
import { useMemo, useState } from 'react';
import { viewAnswer } from '../../../core/answer/answer-stream.ts';
import { findDistortions } from '../../../core/answer/lexicon.ts';
import { signed } from '../../../core/text/format.ts';
import type { CompletionRecord, GroupRecord, Run } from '../../../core/training/run.ts';
import { ActionIconButton } from '../../page/ActionButton.tsx';
import { Button, IconButton } from '../../ui/Button.tsx';
import { cssVariables } from '../../ui/css-variables.ts';
import { ErrorCard } from '../../ui/ErrorCard.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { Rich } from '../../ui/Rich.tsx';
import { ScrollBox } from '../../ui/ScrollBox.tsx';
import { Segmented } from '../../ui/Segmented.tsx';
import './CompletionsPanel.css';
import { advantageBars, type Bar, part } from './advantage-bar.ts';
import { FrameStrip, perturbationOf } from './FrameStrip.tsx';
import { useTrainingMessages } from './messages/useTrainingMessages.ts';
import type { ShownCompletions } from './useCompletions.ts';
import { useWideColumns } from './useWideColumns.ts';
import './CompletionRow.css';
import './CompletionTrace.css';

export interface CompletionsPanelProps {
  readonly run: Run;
  readonly shown: ShownCompletions;
  /** Under the charts: one line for each completion until one is opened. */
  readonly short: boolean;
}

export function CompletionsPanel({ run, shown, short }: CompletionsPanelProps) {
  const t = useTrainingMessages();
  const { step, completions } = shown;
  if (step === null)
    return (
      <section className="training-answers training-answers--none">
        <p>{t.completions.none}</p>
      </section>
    );
  const records = completions?.kind === 'ready' ? completions.records : [];
  const record = records[shown.video];
  return (
    <section className="training-answers" aria-labelledby="training-answers">
      <header className="training-answers__head">
        <h2 id="training-answers" className="training-answers__title">
          {t.completions.ofStep(step)}
        </h2>
        <Steps shown={shown} />
        {record && (
          <>
            <span className="training-answers__videos">
              <span>{t.completions.video(shown.video + 1, records.length)}</span>
              <IconButton
                icon="chevronLeft"
                label={t.completions.previousVideo}
                disabled={shown.video === 0}
                onClick={() => shown.toVideo(shown.video - 1)}
              />
              <IconButton
                icon="chevronRight"
                label={t.completions.nextVideo}
                disabled={shown.video >= records.length - 1}
                onClick={() => shown.toVideo(shown.video + 1)}
              />
            </span>
            <FrameStrip run={run.id} record={record} side={shown.side} large={!short} />
            <span className="training-answers__video">
              <span className="training-answers__file">{record.video.split('/').at(-1)}</span>,{' '}
              <Rich text={t.completions.mos(record.mos?.toFixed(2) ?? '–')} />
            </span>
            <Segmented
              label={t.completions.side}
              value={shown.side}
              options={[
                { value: 'original', label: t.completions.original },
                { value: 'perturbed', label: t.completions.perturbed },
              ]}
              onChange={shown.toSide}
            />
          </>
        )}
      </header>
      {completions?.kind === 'error' ? (
        <div className="training-answers__error">
          <ErrorCard error={completions.error} />
        </div>
      ) : !completions || completions.kind === 'loading' ? (
        <p className="training-answers__wait">{t.completions.loading}</p>
      ) : record ? (
        <Group
          key={`${step} ${record.video} ${shown.side}`}
          record={record}
          side={shown.side}
          short={short}
        />
      ) : (
        <p className="training-answers__wait">{t.completions.empty}</p>
      )}
    </section>
  );
}

function Steps({ shown }: { readonly shown: ShownCompletions }) {
  const t = useTrainingMessages();
  const { steps, step, following } = shown;
  return (
    <span className="training-answers__steps">
      <ActionIconButton
        action="stepBack"
        icon="previous"
        label={t.completions.previousStep}
        disabled={step === steps[0]}
      />
      <ActionIconButton
        action="stepOn"
        icon="next"
        label={t.completions.nextStep}
        disabled={step === steps.at(-1)}
      />
      {!following && (
        <Button look="quiet" onClick={shown.follow}>
          {t.completions.latest}
        </Button>
      )}
    </span>
  );
}

type Side = ShownCompletions['side'];

function Group(props: { readonly record: GroupRecord; readonly side: Side; readonly short: boolean }) {
  const { record, side, short } = props;
  const t = useTrainingMessages();
  const { columns } = t.completions;
  const completions = side === 'original' ? record.completions : record.perturbedCompletions;
  const bars = useMemo(() => advantageBars(completions.map(({ advantage }) => advantage)), [completions]);
  if (completions.length === 0) return <p className="training-answers__wait">{t.completions.notPerturbed}</p>;
  const mode = perturbationOf(record)?.mode;
  return (
    <ScrollBox className="training-answers__scroll" name={t.completions.title}>
      <table className={`ui-table training-answers__table${short ? '' : ' training-answers__table--long'}`}>
        <caption className="ui-sr">
          {record.video}
          {side === 'perturbed' && mode ? `, ${t.completions.modes[mode] ?? mode}` : ''}
        </caption>
        <thead>
          <tr>
            <th scope="col">{columns.score}</th>
            <th scope="col">{columns.reasoning}</th>
            <th scope="col">{columns.format}</th>
            <th scope="col">{columns.rank}</th>
            <th scope="col">{columns.regression}</th>
            <th scope="col">{columns.temporal}</th>
            <th scope="col">{columns.sum}</th>
            <th scope="col">{columns.advantage}</th>
          </tr>
        </thead>
        <tbody>
          {completions.map((completion, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the completions of a step do not change their order
            <Row key={i} completion={completion} bar={bars[i] ?? null} side={side} short={short} />
          ))}
        </tbody>
      </table>
      <p className="training-answers__foot">
        {t.completions.summary(completions.length, completions.filter(({ score }) => score !== null).length)}
        {side === 'perturbed' && mode && ` · ${t.completions.modes[mode] ?? mode}`}
        {side === 'perturbed' && ` · ${t.completions.noAdvantage.perturbed}`}
        {side === 'original' &&
          completions.every(({ advantage }) => advantage === null) &&
          ` · ${t.completions.noAdvantage.flat}`}
      </p>
    </ScrollBox>
  );
}

const cell = (value: number | null): string => (value === null ? '–' : part(value));

function Row(props: {
  readonly completion: CompletionRecord;
  readonly bar: Bar | null;
  readonly side: Side;
  readonly short: boolean;
}) {
  const { completion, bar, side, short } = props;
  const t = useTrainingMessages();
  const [open, setOpen] = useState(!short);
  const bonus = completion.temporalRank + completion.temporalRegression;
  return (
    <tr>
      <th scope="row" className="training-answer__score">
        {completion.score === null ? (
          <span className="training-answer__unreadable" title={t.completions.unreadableHelp}>
            <Icon name="alert" size={14} /> {t.completions.unreadable}
          </span>
        ) : (
          completion.score.toFixed(2)
        )}
      </th>
      <td className="training-answer__text">
        {short ? (
          <button
            type="button"
            className={`training-answer__line${open ? ' training-answer__line--open' : ''}`}
            aria-expanded={open}
            title={open ? t.completions.collapse : t.completions.expand}
            onClick={() => setOpen(!open)}
          >
            <Trace completion={completion} open={open} />
          </button>
        ) : (
          <Trace completion={completion} open />
        )}
      </td>
      <td data-name={t.completions.columns.format}>{part(completion.format)}</td>
      <td data-name={t.completions.columns.rank}>{cell(completion.rank)}</td>
      <td data-name={t.completions.columns.regression}>{cell(completion.regression)}</td>
      <td data-name={t.completions.columns.temporal}>{bonus > 0 ? `+${part(bonus)}` : part(bonus)}</td>
      <td data-name={t.completions.columns.sum} className="training-answer__sum">
        {completion.reward === null ? '–' : completion.reward.toFixed(3)}
      </td>
      <td data-name={t.completions.columns.advantage} className="training-answer__advantage">
        {completion.advantage === null || !bar ? (
          <span
            title={
              side === 'perturbed' ? t.completions.noAdvantage.perturbed : t.completions.noAdvantage.flat
            }
          >
            –
          </span>
        ) : (
          <>
            <span className="training-bar__track" aria-hidden="true">
              <span
                className={`training-bar__fill${bar.negative ? ' training-bar__fill--negative' : ''}`}
                style={cssVariables({ '--left': `${bar.left}%`, '--width': `${bar.width}%` })}
              />
            </span>
            <span className="training-bar__value">{signed(completion.advantage)}</span>
          </>
        )}
      </td>
    </tr>
  );
}

const langOf = (text: string) => (/\p{Script=Han}/u.test(text) ? 'zh' : 'en');

/** The words of the model in its own face, as text; the word list's finds are underlined. */
function Trace({ completion, open }: { readonly completion: CompletionRecord; readonly open: boolean }) {
  const { thinking, answer: written } = useMemo(() => viewAnswer(completion.text), [completion.text]);
  const text = thinking.trim();
  // One line holds the end, where the reasons become a number.
  const columns = useWideColumns();
  const from = open ? 0 : tailStart(text, LINE[columns] ?? 105);
  const pieces = useMemo(() => marked(text, from), [text, from]);
  return (
    <span className={`training-trace${open ? ' training-trace--open' : ''}`} lang={langOf(text)}>
      {from > 0 && '… '}
      {text === '' ? (
        <span className="training-trace__raw">{completion.text}</span>
      ) : (
        pieces.map(({ at, text: piece, says }) =>
          says ? (
            <span key={at} className={says === 'found' ? 'training-trace__found' : 'training-trace__out'}>
              {piece}
            </span>
          ) : (
            piece
          ),
        )
      )}
      {open && completion.score === null && text !== '' && written !== '' && (
        <span className="training-trace__raw"> {written}</span>
      )}
    </span>
  );
}

interface Piece {
  readonly at: number;
  readonly text: string;
  readonly says: 'found' | 'ruled-out' | null;
}

/** Characters of a trace that one line shows, by the columns of charts above it. */
const LINE: Readonly<Record<number, number>> = { 2: 48, 3: 105, 4: 190 };

/** Start of the last words that fit into so many characters. */
function tailStart(text: string, most: number): number {
  if (text.length <= most) return 0;
  const at = text.length - most;
  const word = /\s|[，。；、]/.exec(text.slice(at));
  return word && word.index < most / 2 ? at + word.index + 1 : at;
}

/** The text from a place on, cut at the word list's finds (which need what stands before it). */
function marked(text: string, from: number): Piece[] {
  const pieces: Piece[] = [];
  let at = from;
  for (const mark of findDistortions(text)) {
    if (mark.start < from) continue;
    if (mark.start > at) pieces.push({ at, text: text.slice(at, mark.start), says: null });
    pieces.push({ at: mark.start, text: text.slice(mark.start, mark.end), says: mark.says });
    at = mark.end;
  }
  if (at < text.length) pieces.push({ at, text: text.slice(at), says: null });
  return pieces;
}
