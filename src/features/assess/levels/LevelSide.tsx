/** Beside a level score: the five probabilities, and how the model was asked. */
import type { ReactNode } from 'react';
import { type VideoProtocolId, videoProtocols } from '../../../../core/vqa2/score-plan.ts';
import { assess } from '../../../assessment/session.ts';
import { BandGlyph } from '../../../ui/BandGlyph.tsx';
import { cssVariables } from '../../../ui/css-variables.ts';
import { Panel } from '../../../ui/Panel.tsx';
import { ScrollBox } from '../../../ui/ScrollBox.tsx';
import type { AssessView } from '../useAssessView.ts';
import { isScoreProtocol, type LevelView, probabilityText } from './level-view.ts';
import type { LevelMessages } from './messages/en.ts';
import { useLevelMessages } from './messages/useLevelMessages.ts';
import { StallPanel } from './StallPanel.tsx';
import { levelViewOf } from './view-of-state.ts';
import './Levels.css';

export default function LevelSide({ view }: { readonly view: AssessView }) {
  const t = useLevelMessages();
  const { state } = view;
  const level = levelViewOf(state);
  const packaged = state.vqa2?.manifest.protocol ?? null;
  return (
    <div className="levels-side">
      <Panel title={t.levelsTitle} note={t.levelsNote}>
        {level ? <Bars level={level} /> : <p className="levels-side__empty">{t.levelsEmpty}</p>}
      </Panel>
      {state.phase === 'done' && state.video && state.vqa2?.manifest.role === 'streaming' && (
        <StallPanel view={view} video={state.video} model={state.vqa2} />
      )}
      {level ? (
        <Asked
          level={level}
          packaged={packaged}
          protocol={
            state.phase === 'done' ? <ProtocolSelect value={level.protocol} packaged={packaged} /> : null
          }
        />
      ) : (
        // Where a protocol cannot read this video, another one may.
        state.phase === 'error' &&
        state.protocol !== null && (
          <Panel title={t.askedTitle}>
            <p className="levels-asked levels-asked--one">
              <label htmlFor="levels-protocol">{t.protocol}</label>
              <ProtocolSelect value={state.protocol} packaged={packaged} />
            </p>
          </Panel>
        )
      )}
    </div>
  );
}

function Bars({ level }: { readonly level: LevelView }) {
  const t = useLevelMessages();
  return (
    <>
      <table className="levels-bars">
        <thead className="ui-sr">
          <tr>
            <th scope="col">{t.level}</th>
            <th scope="col">{t.probability}</th>
            <th scope="col">{t.worth}</th>
          </tr>
        </thead>
        <tbody>
          {level.rows.map(({ band, probability, points }) => (
            <tr key={band}>
              <th scope="row">
                <span className="levels-bars__level">
                  <BandGlyph band={band} />
                  {t.names[band - 1]}
                </span>
              </th>
              <td className="levels-bars__bar">
                <span className="levels-bars__track" aria-hidden="true">
                  <span
                    className={`levels-bars__fill ui-band--${band}`}
                    style={cssVariables({ '--share': probability })}
                  />
                </span>
                <span className="levels-bars__value">{probabilityText(probability)}</span>
              </td>
              <td className="levels-bars__points">{points}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">{t.mean}</th>
            <td />
            <td className="levels-bars__points">{level.score}</td>
          </tr>
        </tfoot>
      </table>
      {level.scriptScore !== null && <p className="levels-side__note">{t.scriptScore(level.scriptScore)}</p>}
    </>
  );
}

function Asked(props: {
  readonly level: LevelView;
  /** Protocol that the package names; null where it is not known. */
  readonly packaged: string | null;
  /** The choice of another protocol; null where the video is not at hand. */
  readonly protocol: ReactNode;
}) {
  const { level, packaged, protocol } = props;
  const t = useLevelMessages();
  return (
    <Panel title={t.askedTitle}>
      <dl className="levels-asked">
        <div>
          <dt>{protocol ? <label htmlFor="levels-protocol">{t.protocol}</label> : t.protocol}</dt>
          <dd>{protocol ?? nameOf(level.protocol, t)}</dd>
        </div>
        <div>
          <dt>{t.read}</dt>
          <dd>{t.readValue(level.keyFrames, level.dense.count, level.dense.step)}</dd>
        </div>
        <div>
          <dt>{t.tokens}</dt>
          <dd>
            {level.reusedTokens > 0
              ? t.tokensReused(level.tokens, level.reusedTokens)
              : t.tokensValue(level.tokens)}
          </dd>
        </div>
      </dl>
      {packaged !== null && packaged !== level.protocol && (
        <p className="levels-side__note">{t.otherProtocol}</p>
      )}
      <details className="levels-prompt">
        <summary>{t.promptTitle}</summary>
        <p className="levels-side__note">{t.promptHelp(level.blocks)}</p>
        <ScrollBox className="levels-prompt__text" name={t.promptTitle}>
          <pre lang="en">{level.prompt}</pre>
        </ScrollBox>
      </details>
    </Panel>
  );
}

const nameOf = (id: string, t: LevelMessages) => (isScoreProtocol(id) ? t.protocols[id] : id);

function ProtocolSelect({ value, packaged }: { readonly value: string; readonly packaged: string | null }) {
  const t = useLevelMessages();
  return (
    <select
      id="levels-protocol"
      className="levels-select"
      value={value}
      onChange={({ target }) => assess.rerun({ protocol: target.value as VideoProtocolId })}
    >
      {!videoProtocols.some((id) => id === value) && (
        <option value={value} disabled>
          {nameOf(value, t)}
        </option>
      )}
      {videoProtocols.map((id) => (
        <option key={id} value={id}>
          {id === packaged ? `${nameOf(id, t)} (${t.ofPackage})` : nameOf(id, t)}
        </option>
      ))}
    </select>
  );
}
