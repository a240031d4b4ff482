/** The error of a run in the player's area, with the actions against it. */

import type { CodedErrorData } from '../../../core/errors.ts';
import { APP, assess, models } from '../../assessment/session.ts';
import { pickFiles } from '../../page/file-input.ts';
import { type ErrorAction, ErrorCard } from '../../ui/ErrorCard.tsx';
import type { FactRow } from './FilePanel.tsx';
import { useAssessMessages } from './messages/useAssessMessages.ts';
import './PlayerError.css';

export interface PlayerErrorProps {
  readonly error: CodedErrorData;
  readonly file: File | null;
  readonly facts: readonly FactRow[];
}

export function PlayerError({ error, file, facts }: PlayerErrorProps) {
  const actions = useActions(error);
  return (
    <div className="assess-player assess-failed">
      <ErrorCard
        key={error.code + error.message}
        error={error}
        actions={actions}
        onPlayer
        file={file?.name}
        details={[
          ...(file ? [`file: ${file.name}, ${file.size} bytes, ${file.type}`] : []),
          ...facts.map(({ label, value }) => `${label}: ${value}`),
          APP,
          navigator.userAgent,
        ]}
      />
    </div>
  );
}

function useActions({ code }: CodedErrorData): ErrorAction[] {
  const t = useAssessMessages();
  const again = (label: string) => ({ label, onClick: () => assess.rerun() });
  const choose = { label: t.actions.chooseAnother, onClick: pickFiles };
  const software = { label: t.actions.software, onClick: () => assess.rerun({ software: true }) };
  const processor = {
    label: t.actions.processor,
    onClick: () => {
      models.reload({ backend: 'wasm' }).catch(() => {});
      assess.rerun();
    },
  };
  switch (code) {
    case 'media/damaged':
    case 'media/stalled':
      return [software, choose];
    case 'run/device':
      return [processor, { label: t.actions.reload, onClick: () => location.reload() }];
    case 'run/worker':
      return [again(t.actions.restart), choose];
    default:
      return code.startsWith('media/') || code.startsWith('result/')
        ? [choose]
        : [again(t.actions.tryAgain), choose];
  }
}
