/** Log lines of driver and engine, the newest last; scrolls with the end unless the reader has scrolled up. */
import { useEffect, useRef, useState } from 'react';
import type { LogLine } from '../../../core/training/run.ts';
import { Button } from '../../ui/Button.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { ScrollBox } from '../../ui/ScrollBox.tsx';
import { LogLines } from './LogLines.tsx';
import './LogTab.css';
import { useTrainingMessages } from './messages/useTrainingMessages.ts';

const LEVELS = ['debug', 'info', 'warning', 'error'] as const;
type Level = (typeof LEVELS)[number];
/** Pixels from the end within which the reader counts as being at the end. */
const NEAR_END = 40;

export function LogTab({ lines, name }: { readonly lines: readonly LogLine[]; readonly name: string }) {
  const t = useTrainingMessages();
  const [level, setLevel] = useState<Level>('info');
  const [following, setFollowing] = useState(true);
  const [copied, setCopied] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const shown = lines.filter((line) => LEVELS.indexOf(line.level) >= LEVELS.indexOf(level));

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new last line is what moves the end
  useEffect(() => {
    if (following && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [following, shown.at(-1), level]);

  return (
    <Panel
      title={t.log.title}
      note={t.log.lines(shown.length)}
      flush
      tools={
        <>
          <label>
            <span className="ui-sr">{t.log.level}</span>
            <select
              className="training-select"
              value={level}
              onChange={(event) => setLevel(event.target.value as Level)}
            >
              {LEVELS.map((value) => (
                <option key={value} value={value}>
                  {t.log.levels[value]}
                </option>
              ))}
            </select>
          </label>
          <Button
            icon={copied ? 'check' : 'copy'}
            disabled={shown.length === 0}
            onClick={() =>
              void navigator.clipboard
                .writeText([name, ...shown.map(lineText)].join('\n'))
                .then(() => setCopied(true))
            }
          >
            {copied ? t.log.copied : t.log.copy}
          </Button>
        </>
      }
    >
      {shown.length === 0 ? (
        <p className="training-logbox__none">{lines.length === 0 ? t.log.none : t.log.noneAt}</p>
      ) : (
        <div className="training-logbox">
          <ScrollBox
            ref={box}
            className="training-logbox__scroll"
            name={t.log.title}
            onScroll={({ currentTarget: at }) =>
              setFollowing(at.scrollHeight - at.scrollTop - at.clientHeight < NEAR_END)
            }
          >
            <LogLines lines={shown} />
          </ScrollBox>
          {!following && (
            <div className="training-logbox__follow">
              <Button icon="arrowDown" onClick={() => setFollowing(true)}>
                {t.log.follow}
              </Button>
            </div>
          )}
        </div>
      )}
    </Panel>
  );
}

const lineText = ({ time, source, level, text }: LogLine): string =>
  `${new Date(time * 1000).toISOString()} ${source} ${level} ${text}`;
