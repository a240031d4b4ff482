/** Before anything is there: what can be dropped, and three lines of a score table to copy. */
import { useState } from 'react';
import { Button } from '../../ui/Button.tsx';
import { Rich } from '../../ui/Rich.tsx';
import './EmptyBatch.css';
import { useBatchWords } from './messages/useBatchWords.ts';

export interface EmptyBatchProps {
  readonly onFolder: () => void;
  readonly onFiles: () => void;
}

export function EmptyBatch({ onFolder, onFiles }: EmptyBatchProps) {
  const { empty: w } = useBatchWords();
  const [copied, setCopied] = useState(false);
  return (
    <section className="batch-empty">
      <h2>{w.title}</h2>
      <p>{w.body}</p>
      <p className="batch-empty__choose">
        <Button look="primary" size="large" icon="folder" onClick={onFolder}>
          {w.folder}
        </Button>
        <Button size="large" icon="file" onClick={onFiles}>
          {w.files}
        </Button>
      </p>
      <p className="batch-empty__table">
        <Rich text={w.table} />
      </p>
      <div className="batch-empty__example">
        <pre>{w.example}</pre>
        <Button
          icon={copied ? 'check' : 'copy'}
          onClick={() => void navigator.clipboard.writeText(`${w.example}\n`).then(() => setCopied(true))}
        >
          {copied ? w.copied : w.copy}
        </Button>
      </div>
      <p className="batch-empty__reopen">{w.reopen}</p>
    </section>
  );
}
