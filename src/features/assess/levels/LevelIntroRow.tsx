/** Introduction under the empty player, for a model of level scores. */
import { IntroRow } from '../IntroRow.tsx';
import { useAssessMessages } from '../messages/useAssessMessages.ts';
import { useLevelMessages } from './messages/useLevelMessages.ts';

export default function LevelIntroRow() {
  const t = useLevelMessages();
  const { intro } = useAssessMessages();
  return (
    <IntroRow
      others={[
        { icon: 'chart', title: t.probabilitiesTitle, body: t.probabilitiesBody },
        { icon: 'eye', title: intro.checkTitle, body: t.checkBody },
      ]}
    />
  );
}
