/** Training: a server somewhere trains; this page starts, watches, and takes what comes out. */
import { useEffect, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { parseAddress } from '../../page/router.ts';
import { useTab } from '../../page/tab.ts';
import { Connect } from './Connect.tsx';
import { NewRun } from './NewRun.tsx';
import { RunList, RunPicker } from './RunList.tsx';
import { RunView } from './RunView.tsx';
import { storedCredentials } from './state/link.ts';
import { training } from './state/session.ts';
import './TrainingPage.css';
import { useTrainingMessages } from './messages/useTrainingMessages.ts';
import { useMakingWatch } from './usePackage.ts';

export default function TrainingPage() {
  const t = useTrainingMessages();
  const { phase, runs, selected, lost } = useStore(training.store);
  const [making, setMaking] = useState(false);
  /** A recipe that a new run begins with. */
  const [recipe, setRecipe] = useState<string | null>(null);
  useStoredServer();
  useMakingWatch();

  const run = runs.find(({ id }) => id === selected) ?? null;
  const done = run?.steps ? Math.min(1, run.step / run.steps) : null;
  useTab(
    run && (run.state === 'running' || run.state === 'starting') && done !== null
      ? { kind: 'running', name: run.recipe, done }
      : { kind: 'idle' },
  );

  const start = (name: string | null) => {
    setRecipe(name);
    setMaking(true);
  };

  if (phase !== 'connected')
    return (
      <>
        <h1 className="ui-sr">{t.title}</h1>
        <Connect />
      </>
    );
  const empty = runs.length === 0;
  return (
    <>
      <h1 className="ui-sr">{t.title}</h1>
      <div className={`training-page${lost ? ' training-page--lost' : ''}`}>
        <RunList making={making || empty} onNew={() => start(null)} onSelect={() => setMaking(false)} />
        <RunPicker onNew={() => start(null)} onSelect={() => setMaking(false)} />
        <div className="training-page__main">
          {making || empty ? (
            <NewRun first={empty} recipe={recipe} onClose={() => setMaking(false)} />
          ) : (
            run && <RunView key={run.id} run={run} onAgain={() => start(run.recipe)} />
          )}
        </div>
      </div>
    </>
  );
}

/**
 * Connects with what is stored already. A token in the address bar is taken out of it at once: it must not stay in the
 * history, nor in a picture of the screen.
 */
function useStoredServer(): void {
  const asked = useRef(false);
  useEffect(() => {
    const take = () => {
      const { route, query } = parseAddress(location.hash);
      const given = new URLSearchParams(query).has('token');
      if (route !== 'training' || (asked.current && !given)) return;
      asked.current = true;
      const stored = storedCredentials(query, location.origin);
      if (given) history.replaceState(history.state, '', '#/training');
      if (stored && (given || training.store.getState().phase === 'away')) void training.enter(stored);
    };
    take();
    addEventListener('hashchange', take);
    return () => removeEventListener('hashchange', take);
  }, []);
}
