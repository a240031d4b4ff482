import { BANDS, BandGlyph } from '../../ui/BandGlyph.tsx';
import { useWords } from '../../ui/messages/useWords.tsx';
import { Panel } from '../../ui/Panel.tsx';
import './GradesPanel.css';

/** What each grade of the number means: the question that is asked most, answered before there is a number. */
export function GradesPanel() {
  const w = useWords();
  return (
    <Panel title={w.grades.title} foot={w.grades.note}>
      <ul className="assess-grades">
        {[...BANDS].reverse().map((band) => (
          <li key={band} className="assess-grades__row">
            <BandGlyph band={band} />
            <strong>{band}</strong>
            <span className="assess-grades__word">{w.grades.words[band - 1]}</span>
            <span className="assess-grades__means">{w.grades.sentences[band - 1]}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
