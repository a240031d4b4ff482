/** The open run: its head, and one of charts, completions, recipe, checkpoints, log. */
import { useState } from 'react';
import { useStore } from 'zustand';
import type { Run } from '../../../core/training/run.ts';
import { persist, readPersisted } from '../../assessment/persisted.ts';
import { useActions } from '../../page/useActions.ts';
import { ErrorCard } from '../../ui/ErrorCard.tsx';
import { Segmented } from '../../ui/Segmented.tsx';
import { type ChartSettings, ChartsTab, ChartTools } from './ChartsTab.tsx';
import { CheckpointsTab } from './CheckpointsTab.tsx';
import { CompletionsPanel } from './CompletionsPanel.tsx';
import { LogTab } from './LogTab.tsx';
import { RecipeTab } from './RecipeTab.tsx';
import { actionsOf, RunHead } from './RunHead.tsx';
import { training } from './state/session.ts';
import { TABS, type Tab } from './tabs.ts';
import './RunView.css';
import { useMessages } from '../../ui/messages/useMessages.tsx';
import { useTrainingMessages } from './messages/useTrainingMessages.ts';
import { useCompletions } from './useCompletions.ts';

const SETTINGS = 'training.charts';
const parseSettings = (value: unknown): ChartSettings => {
  const { weight, axis } = (value ?? {}) as Partial<ChartSettings>;
  return {
    weight: typeof weight === 'number' && weight >= 0 && weight < 1 ? weight : 0.9,
    axis: axis === 'hours' ? 'hours' : 'step',
  };
};

export function RunView({ run, onAgain }: { readonly run: Run; readonly onAgain: () => void }) {
  const t = useTrainingMessages();
  const messages = useMessages();
  const [tab, setTab] = useState<Tab>('charts');
  const [settings, setSettings] = useState(() => readPersisted(SETTINGS, parseSettings, parseSettings(null)));
  const data = useStore(training.store, (state) => state.data.get(run.id));
  const error = useStore(training.store, (state) => state.actionError);
  const shown = useCompletions(run, data);
  const pauseOrResume = actionsOf(run).find((one) => one === 'pause' || one === 'resume');
  useActions({
    pauseRun: pauseOrResume ? () => void training.act(run.id, pauseOrResume) : null,
    stepBack: () => shown.go(-1),
    stepOn: () => shown.go(1),
  });

  return (
    <>
      <RunHead run={run} data={data} onTab={setTab} onAgain={onAgain} />
      {error && (
        <div className="training-error">
          <ErrorCard
            error={error}
            actions={[{ label: messages.actions.close, onClick: training.clearError }]}
          />
        </div>
      )}
      <div className="training-bar">
        <Segmented
          label={t.tabs.label}
          value={tab}
          options={TABS.map((value) => ({ value, label: t.tabs[value] }))}
          onChange={setTab}
        />
        {tab === 'charts' && (
          <ChartTools
            settings={settings}
            onChange={(next) => {
              persist(SETTINGS, next);
              setSettings(next);
            }}
          />
        )}
      </div>
      {tab === 'charts' && (
        <ChartsTab run={run} data={data} settings={settings}>
          {shown.step !== null && <CompletionsPanel run={run} shown={shown} short />}
        </ChartsTab>
      )}
      {tab === 'answers' && <CompletionsPanel run={run} shown={shown} short={false} />}
      {tab === 'recipe' && <RecipeTab run={run} />}
      {tab === 'checkpoints' && <CheckpointsTab run={run} />}
      {tab === 'log' && <LogTab lines={data?.log ?? []} name={run.id} />}
    </>
  );
}
