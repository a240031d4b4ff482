/** An error: what happened, what to do, its code, and details to copy. */
import { Fragment, useState } from 'react';
import type { CodedErrorData } from '../../core/errors.ts';
import { Button, IconButton } from './Button.tsx';
import './ErrorCard.css';
import { ffmpegLine } from './ffmpeg-line.ts';
import { Icon } from './Icon.tsx';
import { useErrorText, useMessages } from './messages/useMessages.tsx';
import { Rich } from './Rich.tsx';

export interface ErrorAction {
  readonly label: string;
  readonly onClick: () => void;
}

export interface ErrorCardProps {
  readonly error: CodedErrorData;
  /** The first one is the primary. */
  readonly actions?: readonly ErrorAction[];
  /** Name of the file; one that could be converted gets the ffmpeg command. */
  readonly file?: string | undefined;
  /** On the dark player. */
  readonly onPlayer?: boolean;
  /** More lines for *Copy details*: the file's facts, the browser, the model. */
  readonly details?: readonly string[];
}

/** True for HEVC under any of its names. */
const isHevc = (codec: string): boolean => /hevc|h\.?265|^h[ve][cv]1/i.test(codec);

/** Text of *Copy details*: code, message, parameters and the details of the caller. */
export function errorDetails(error: CodedErrorData, details: readonly string[]): string {
  const params = Object.entries(error.params).map(([name, value]) => `${name}: ${value}`);
  return [error.code, error.message, ...params, ...details].join('\n');
}

export function ErrorCard({ error, actions = [], file, onPlayer = false, details = [] }: ErrorCardProps) {
  const t = useMessages();
  const convertible = error.code === 'media/codec' || error.code === 'media/format';
  // Nobody has a terminal on a phone; its camera has a setting.
  const touch = convertible && matchMedia('(pointer: coarse)').matches;
  const command = convertible && !touch && file !== undefined ? ffmpegLine(file) : null;
  const advice = touch && isHevc(String(error.params.codec)) ? t.errors.hevcOnPhone : null;
  const { title, body } = useErrorText(error);
  const [copied, setCopied] = useState(false);
  const copy = () =>
    void navigator.clipboard.writeText(errorDetails(error, details)).then(() => setCopied(true));
  return (
    <div className={`ui-error${onPlayer ? ' ui-error--player ui-on-player' : ''}`} role="alert">
      <Icon name="alert" size={20} />
      <div className="ui-error__words">
        <p className="ui-error__title">{title}</p>
        {body && (
          <p className="ui-error__body">
            <Rich text={command ? `${body} ${t.errors.ffmpegLead}` : (advice ?? body)} />
          </p>
        )}
        {command && <Command line={command} />}
        <div className="ui-error__actions">
          {actions.map(({ label, onClick }, i) => (
            <Button key={label} look={i === 0 ? 'primary' : 'plain'} onClick={onClick}>
              {label}
            </Button>
          ))}
          <Button onClick={copy}>{copied ? t.actions.copied : t.actions.copyDetails}</Button>
          <span className="ui-error__code">
            <span className="ui-sr">{t.errors.code} </span>
            {error.code}
          </span>
        </div>
      </div>
    </div>
  );
}

function Command({ line }: { readonly line: string }) {
  const t = useMessages();
  const [copied, setCopied] = useState(false);
  return (
    <>
      <div className="ui-error__command">
        <code>
          {line.split(' ').map((word, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the words of one line, in their order
            <Fragment key={i}>
              {i > 0 && ' '}
              <span className="ui-error__word">{word}</span>
            </Fragment>
          ))}
        </code>
        <IconButton
          icon={copied ? 'check' : 'copy'}
          label={copied ? t.actions.copied : t.actions.copy}
          onClick={() => void navigator.clipboard.writeText(line).then(() => setCopied(true))}
        />
      </div>
      <p className="ui-error__note">{t.errors.ffmpegNote}</p>
    </>
  );
}
