import { BANDS, BandGlyph } from '../../ui/BandGlyph.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { useAssessMessages } from './messages/useAssessMessages.ts';
import './GradesPanel.css';

/** The five grades and their meaning. */
export function GradesPanel() {
  const t = useAssessMessages();
  return (
    <Panel title={t.grades.title} foot={t.grades.note}>
      <ul className="assess-grades">
        {[...BANDS].reverse().map((band) => (
          <li key={band} className="assess-grades__row">
            <BandGlyph band={band} />
            <strong>{band}</strong>
            <span className="assess-grades__word">{t.grades.names[band - 1]}</span>
            <span className="assess-grades__means">{t.grades.sentences[band - 1]}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
