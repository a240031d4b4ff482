/** Detail of the selected row: the model's reasoning with its distortions marked, or the reason of a missing score. */
import { useMemo } from 'react';
import { useStore } from 'zustand';
import { viewAnswer } from '../../../core/answer/answer-stream.ts';
import { bandOf } from '../../../core/answer/grades.ts';
import { findDistortions } from '../../../core/answer/lexicon.ts';
import type { BatchRow } from '../../../core/files/batch.ts';
import { BandGlyph } from '../../ui/BandGlyph.tsx';
import { Button } from '../../ui/Button.tsx';
import { useErrorText, useMessages } from '../../ui/messages/useMessages.tsx';
import { Rich } from '../../ui/Rich.tsx';
import './AnswerDetail.css';
import { useBatchMessages } from './messages/useBatchMessages.ts';
import { batch } from './state/session.ts';

export interface AnswerDetailProps {
  readonly path: string | null;
  readonly onOpen: (path: string) => void;
  readonly onClose: () => void;
}

export function AnswerDetail({ path, onOpen, onClose }: AnswerDetailProps) {
  const t = useBatchMessages();
  const row = useStore(batch.store, ({ rows }) => rows.find((one) => one.path === path));
  if (!row || path === null || (row.text === undefined && row.error === undefined)) return null;
  return (
    <section className="batch-answer" aria-label={t.detail.answer}>
      <p className="batch-answer__line">
        <strong>{row.path}</strong>
        {row.score !== null && <ScoreOf score={row.score} />}
        {batch.file(path) && (
          <Button icon="gauge" onClick={() => onOpen(path)}>
            {t.open}
          </Button>
        )}
        <Button icon="retry" onClick={() => void batch.retry([path]).then(() => void batch.start())}>
          {t.retry}
        </Button>
        <Button icon="close" onClick={onClose}>
          {t.detail.close}
        </Button>
      </p>
      {row.error !== undefined && <Failure error={row.error} />}
      {row.text !== undefined && <Reasoning text={row.text} />}
    </section>
  );
}

function ScoreOf({ score }: { readonly score: number }) {
  const messages = useMessages();
  const { grade } = bandOf(score);
  return (
    <span className="batch-answer__score">
      {score.toFixed(2)} <BandGlyph band={grade} size={12} /> {messages.grades.names[grade - 1]}
    </span>
  );
}

function Failure({ error }: { readonly error: NonNullable<BatchRow['error']> }) {
  const { title, body } = useErrorText(error);
  return (
    <p className="batch-answer__failure">
      {title} <Rich text={body} />
    </p>
  );
}

/** The reasoning without its tags; an answer without reasoning is shown as it is. */
function Reasoning({ text }: { readonly text: string }) {
  const shown = viewAnswer(text).thinking || text;
  const pieces = useMemo(() => markedPieces(shown), [shown]);
  return (
    <p className="batch-answer__text" lang={/\p{Script=Han}/u.test(shown) ? 'zh' : 'en'}>
      {pieces.map(({ start, text: piece, says }) =>
        says === null ? (
          piece
        ) : (
          <span key={start} className={`batch-answer__${says}`}>
            {piece}
          </span>
        ),
      )}
    </p>
  );
}

interface Piece {
  readonly start: number;
  readonly text: string;
  readonly says: 'found' | 'ruled-out' | null;
}

function markedPieces(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const { start, end, says } of findDistortions(text)) {
    if (start > at) pieces.push({ start: at, text: text.slice(at, start), says: null });
    pieces.push({ start, text: text.slice(start, end), says });
    at = end;
  }
  if (at < text.length) pieces.push({ start: at, text: text.slice(at), says: null });
  return pieces;
}
