/** Empty Batch page: file input, and three lines of a score table to copy. */
import { useState } from 'react';
import { Button } from '../../ui/Button.tsx';
import { Rich } from '../../ui/Rich.tsx';
import './EmptyBatch.css';
import { useBatchMessages } from './messages/useBatchMessages.ts';

export interface EmptyBatchProps {
  readonly onFolder: () => void;
  readonly onFiles: () => void;
}

export function EmptyBatch({ onFolder, onFiles }: EmptyBatchProps) {
  const { empty: t } = useBatchMessages();
  const [copied, setCopied] = useState(false);
  return (
    <section className="batch-empty">
      <h2>{t.title}</h2>
      <p>{t.body}</p>
      <p className="batch-empty__choose">
        <Button look="primary" size="large" icon="folder" onClick={onFolder}>
          {t.folder}
        </Button>
        <Button size="large" icon="file" onClick={onFiles}>
          {t.files}
        </Button>
      </p>
      <p className="batch-empty__table">
        <Rich text={t.table} />
      </p>
      <div className="batch-empty__example">
        <pre>{t.example}</pre>
        <Button
          icon={copied ? 'check' : 'copy'}
          onClick={() => void navigator.clipboard.writeText(`${t.example}\n`).then(() => setCopied(true))}
        >
          {copied ? t.copied : t.copy}
        </Button>
      </div>
      <p className="batch-empty__reopen">{t.reopen}</p>
    </section>
  );
}
