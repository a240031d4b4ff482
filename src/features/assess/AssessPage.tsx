import { chooseFiles } from '../../app/intake.ts';
import { Button } from '../../ui/Button.tsx';
import { useWords } from '../../ui/words/useWords.tsx';
import { AssessFrame } from './AssessFrame.tsx';
import { GradesPanel } from './GradesPanel.tsx';
import { ScorePanel } from './ScorePanel.tsx';

/** Assess: a video in, reasons and a score out. */
export default function AssessPage() {
  const w = useWords();
  return (
    <>
      <h1 className="ui-sr">{w.score.heading}</h1>
      <AssessFrame
        stage={
          <Button look="primary" onClick={chooseFiles}>
            {w.drop.choose}
          </Button>
        }
        score={<ScorePanel state={{ kind: 'empty' }} />}
        side={<GradesPanel />}
      />
    </>
  );
}
