/** Description of a model of level scores, beside an empty page. */
import { Panel } from '../../../ui/Panel.tsx';
import { useLevelMessages } from './messages/useLevelMessages.ts';
import './Levels.css';

export default function LevelIntro() {
  const t = useLevelMessages();
  return (
    <Panel title={t.introTitle}>
      <ol className="levels-intro">
        {t.intro.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ol>
    </Panel>
  );
}
