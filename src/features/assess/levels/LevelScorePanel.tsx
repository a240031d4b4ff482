/** The level score: a numeral of 100 over a track of the five levels, and how sure the model is. */
import { BandGlyph } from '../../../ui/BandGlyph.tsx';
import { TextButton } from '../../../ui/Button.tsx';
import { cssVariables } from '../../../ui/css-variables.ts';
import { Icon } from '../../../ui/Icon.tsx';
import { SpokenResult } from '../../../ui/LiveRegion.tsx';
import { Numeral } from '../../../ui/Numeral.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { Sentences } from '../../../ui/Sentences.tsx';
import type { AssessView } from '../useAssessView.ts';
import { type LevelView, MOST_ENTROPY } from './level-view.ts';
import type { LevelMessages } from './messages/en.ts';
import { useLevelMessages } from './messages/useLevelMessages.ts';
import { levelViewOf } from './view-of-state.ts';
import './Levels.css';

export default function LevelScorePanel(props: {
  readonly view: AssessView;
  readonly onResume: (() => void) | null;
  readonly resume: string;
}) {
  const { view, onResume, resume } = props;
  const t = useLevelMessages();
  const { phase } = view.state;
  const level = levelViewOf(view.state);
  const note = level ? view.modelName : phase === 'running' ? t.waiting : undefined;
  return (
    <Panel title={t.title} note={note} headingRef={view.heading}>
      <div className="assess-score levels-score">
        <div className="assess-score__line">
          {level ? <Numeral text={level.score} done /> : <Numeral text="" done={false} />}
          <Verdict level={level} stopped={phase === 'stopped'} />
        </div>
        <Track level={level} />
        <p className="assess-score__sentence">
          <Sentences>
            {level && <span>{level.entropy < MOST_ENTROPY / 2 ? t.sure : t.unsure}</span>}
            {level && <span>{t.entropy(level.entropy.toFixed(2), MOST_ENTROPY.toFixed(2))}</span>}
            {level && <span className="assess-score__aside">{t.noPopulation}</span>}
            {!level && <span className="assess-score__aside">{lineOf(phase, t)}</span>}
            {!level && onResume && <TextButton onClick={onResume}>{resume}</TextButton>}
          </Sentences>
        </p>
      </div>
      {view.announceResult && (
        <SpokenResult
          text={phase === 'done' && level ? t.spoken(level.score, t.names[level.band - 1]!) : ''}
        />
      )}
    </Panel>
  );
}

function lineOf(phase: AssessView['state']['phase'], t: LevelMessages): string {
  if (phase === 'running') return t.waitingLine;
  return phase === 'stopped' ? t.stoppedLine : t.emptyLine;
}

function Verdict({ level, stopped }: { readonly level: LevelView | null; readonly stopped: boolean }) {
  const t = useLevelMessages();
  if (level)
    return (
      <div className="assess-score__verdict">
        <p className="assess-score__grade">
          <BandGlyph band={level.band} size={18} />
          {t.names[level.band - 1]}
        </p>
        <p className="assess-score__means">{t.of}</p>
      </div>
    );
  if (!stopped) return null;
  return (
    <div className="assess-score__verdict">
      <p className="assess-score__grade">
        <Icon name="alert" size={18} />
        {t.none}
      </p>
      <p className="assess-score__means">{t.stopped}</p>
    </div>
  );
}

/** Five zones of 20 points with their names, and a needle at the score. */
function Track({ level }: { readonly level: LevelView | null }) {
  const t = useLevelMessages();
  const label = level ? t.track(level.score, t.names[level.band - 1]!) : t.trackEmpty;
  return (
    <div className="levels-track" role="img" aria-label={label}>
      <div className="levels-track__bar" aria-hidden="true">
        {t.names.map((name, i) => (
          <span
            key={name}
            className={`levels-track__zone${level?.band === i + 1 ? ` ui-band--${level.band} levels-track__zone--lit` : ''}`}
          />
        ))}
        {level && (
          <span className="levels-track__needle" style={cssVariables({ '--at': `${level.percent}%` })} />
        )}
      </div>
      <div className="levels-track__words" aria-hidden="true">
        {t.names.map((name, i) => (
          <span key={name} className={level?.band === i + 1 ? 'levels-track__word--lit' : ''}>
            {name}
          </span>
        ))}
      </div>
    </div>
  );
}
