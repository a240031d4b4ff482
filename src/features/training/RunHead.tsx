/** State, progress and actions of the open run, and the reason where it has stopped. */
import { useMemo } from 'react';
import { useStore } from 'zustand';
import type { Run } from '../../../core/training/run.ts';
import { secondsLeft, stepSeconds } from '../../../core/training/step-time.ts';
import { Button } from '../../ui/Button.tsx';
import { cssVariables } from '../../ui/css-variables.ts';
import { ErrorCard } from '../../ui/ErrorCard.tsx';
import { useErrorText } from '../../ui/messages/useMessages.tsx';
import { Rich } from '../../ui/Rich.tsx';
import { LogLines } from './LogLines.tsx';
import type { RunAction } from './state/api.ts';
import { training } from './state/session.ts';
import type { RunData } from './state/state.ts';
import './RunHead.css';
import { useTrainingMessages } from './messages/useTrainingMessages.ts';
import { recipeFacts } from './recipe-facts.ts';
import type { Tab } from './tabs.ts';
import { usePackage } from './usePackage.ts';

/** Actions that the state of a run allows, the most likely first. */
export function actionsOf({ state }: Pick<Run, 'state'>): readonly RunAction[] {
  switch (state) {
    case 'running':
      return ['pause', 'save', 'stop'];
    case 'queued':
    case 'starting':
      return ['stop'];
    case 'paused':
      return ['resume', 'stop'];
    case 'stopped':
    case 'guarded':
    case 'failed':
      return ['resume'];
    case 'finished':
      return [];
  }
}

const ICONS = { pause: 'pause', resume: 'play', stop: 'stop', save: 'download' } as const;
/** Lines of the log under a run that failed. */
const LAST_LINES = 12;

export interface RunHeadProps {
  readonly run: Run;
  readonly data: RunData | undefined;
  readonly onTab: (tab: Tab) => void;
  readonly onAgain: () => void;
}

export function RunHead({ run, data, onTab, onAgain }: RunHeadProps) {
  const t = useTrainingMessages();
  const acting = useStore(training.store, (state) => state.acting);
  const busy = acting?.run === run.id ? acting.action : null;
  const done = run.steps ? Math.min(1, run.step / run.steps) : null;
  const standing = run.state === 'guarded' || run.state === 'failed' || run.state === 'paused';
  const label = (action: RunAction) => {
    if (busy === action) return t.head.waiting[action];
    if (action === 'resume' && run.savedStep !== null) return t.head.resumeFrom(run.savedStep);
    return t.head[action];
  };
  return (
    <header className="training-head">
      <p className="ui-sr" role="status">
        {run.recipe}: {t.runs.states[run.state]}
      </p>
      <div className="training-head__line">
        <h2 className="training-head__name">{run.recipe}</h2>
        <Facts run={run} data={data} />
        <div className="training-head__actions">
          {actionsOf(run).map((action) => (
            <Button
              key={action}
              icon={ICONS[action]}
              disabled={busy !== null}
              {...(action === 'pause' || action === 'resume' ? { 'aria-keyshortcuts': 'P' } : {})}
              onClick={() => void training.act(run.id, action)}
            >
              {label(action)}
            </Button>
          ))}
          <SendToModels run={run} quiet={standing && run.reason !== null} onTab={onTab} />
        </div>
      </div>
      <div
        className={`training-head__bar${run.state === 'queued' || run.state === 'starting' ? ' training-head__bar--waiting' : ''}`}
        role="progressbar"
        aria-label={t.head.progress(run.recipe)}
        aria-valuemin={0}
        aria-valuemax={run.steps ?? undefined}
        aria-valuenow={run.steps === null ? undefined : run.step}
        aria-valuetext={plain(stepText(run, t))}
      >
        <div style={cssVariables({ '--filled': done ?? 0 })} />
      </div>
      {standing && run.reason && (
        <Reason run={run} data={data} onLog={() => onTab('log')} onAgain={onAgain} />
      )}
    </header>
  );
}

type Messages = ReturnType<typeof useTrainingMessages>;

const plain = (text: string): string => text.replaceAll('**', '');
const stepText = (run: Run, t: Messages): string =>
  run.steps === null ? t.head.stepOnly(run.step) : t.head.step(run.step, run.steps);

function Facts({ run, data }: { readonly run: Run; readonly data: RunData | undefined }) {
  const t = useTrainingMessages();
  const detail = useStore(training.store, (state) => state.details.get(run.id));
  const stages = useMemo(() => recipeFacts(detail?.resolved).objectives.length, [detail]);
  const version = data?.version ?? 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the table grows in place; its version says when
  const perStep = useMemo(() => (data ? stepSeconds(data.table) : null), [data?.table, version]);
  const facts: string[] = [];
  if (run.state === 'queued') facts.push(t.head.queued);
  else if (run.state === 'starting') facts.push(t.head.starting);
  else {
    if (run.stage) {
      const objective = t.head.objectives[run.stage.objective] ?? run.stage.objective;
      facts.push(
        stages > 0
          ? t.head.stage(run.stage.index + 1, stages, objective)
          : t.head.stageOnly(run.stage.index + 1, objective),
      );
    }
    facts.push(stepText(run, t));
    if (run.state === 'running') {
      if (perStep !== null) facts.push(t.head.perStep(perStep));
      const left = secondsLeft(run, perStep);
      if (left !== null) facts.push(t.head.left(left));
    } else facts.push(t.runs.states[run.state], t.head.took(run.seconds));
  }
  const { progress } = data ?? {};
  const phase = run.state === 'running' || run.state === 'starting' ? progress : null;
  return (
    <ul className="training-head__facts">
      {facts.map((fact) => (
        <li key={fact}>
          <Rich text={fact} />
        </li>
      ))}
      {phase && (
        <li className="training-head__phase">
          {t.head.phaseOf(t.head.phases[phase.phase], phase.done, phase.of)}
        </li>
      )}
    </ul>
  );
}

/** Why a run stands: what happened, what to do, and after a failure the last lines of its log. */
function Reason(props: {
  readonly run: Run;
  readonly data: RunData | undefined;
  readonly onLog: () => void;
  readonly onAgain: () => void;
}) {
  const { run, data, onLog, onAgain } = props;
  const t = useTrainingMessages();
  const reason = run.reason!;
  const { title } = useErrorText(reason);
  const last = (data?.log ?? []).slice(-LAST_LINES);
  return (
    <div className="training-reason">
      <ErrorCard
        error={reason}
        actions={[
          ...(run.state === 'guarded'
            ? [
                {
                  label: t.head.resumeSlower(run.savedStep ?? 0),
                  onClick: () => void training.act(run.id, 'resume', { lrFactor: 0.5 }),
                },
              ]
            : []),
          { label: t.head.again, onClick: onAgain },
        ]}
        details={[title, run.id, ...last.map(({ text }) => text)]}
      />
      {run.state === 'failed' && last.length > 0 && (
        <section className="training-reason__log" aria-labelledby="training-reason-log">
          <header>
            <h3 id="training-reason-log">{t.head.lastLines}</h3>
            <Button look="quiet" onClick={onLog}>
              {t.head.wholeLog}
            </Button>
          </header>
          <LogLines lines={last} />
        </section>
      )}
    </div>
  );
}

/** Makes a package of the run's best checkpoint, and hands it over when it is there. */
function SendToModels(props: {
  readonly run: Run;
  /** Another button is the first one now. */
  readonly quiet: boolean;
  readonly onTab: (tab: Tab) => void;
}) {
  const { run, quiet, onTab } = props;
  const t = useTrainingMessages();
  const step = run.bestStep ?? run.savedStep;
  const { state, percent, send } = usePackage(step === null ? null : `${run.id}:${step}`);
  const label =
    state === 'making' ? t.checkpoints.making(percent) : state === 'ready' ? t.checkpoints.open : t.head.send;
  return (
    <Button
      look={quiet ? 'plain' : 'primary'}
      icon="arrowRight"
      disabled={step === null || state === 'making'}
      title={step === null ? t.head.sendNeeds : undefined}
      onClick={() => {
        void send();
        if (state !== 'ready') onTab('checkpoints');
      }}
    >
      {label}
    </Button>
  );
}
