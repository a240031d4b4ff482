/** Sentence under the empty player: a score without reasons. */
import { useLevelMessages } from './messages/useLevelMessages.ts';

export default function LevelLead() {
  return useLevelMessages().lead;
}
