/** The empty player: takes a video by drop, choice, paste, or the sample clip. */
import type { ReactNode } from 'react';
import { pickFiles } from '../../page/file-input.ts';
import { Button } from '../../ui/Button.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { Kbd } from '../../ui/Kbd.tsx';
import { fingersOnly } from '../../ui/pointer.ts';
import { useAssessMessages } from './messages/useAssessMessages.ts';
import { useCodecs } from './useCodecs.ts';
import './DropZone.css';

const MAC = /Mac|iPhone|iPad/.test(navigator.userAgent);

export function DropZone(props: {
  readonly onSample: () => void;
  /** Sentence in place of the usual one. */
  readonly lead?: ReactNode;
}) {
  const { onSample, lead } = props;
  const t = useAssessMessages();
  return (
    <div className="assess-player assess-finder ui-on-player">
      <Corners />
      <div className="assess-finder__middle">
        <svg className="assess-finder__cross" width="42" height="42" viewBox="0 0 42 42" aria-hidden="true">
          <path d="M21 0v13M21 29v13M0 21h13M29 21h13" />
          <circle cx="21" cy="21" r="7.5" />
        </svg>
        <p className="assess-finder__title">{fingersOnly() ? t.drop.titleTouch : t.drop.title}</p>
        <p className="assess-finder__lead">{lead ?? t.drop.lead}</p>
        <div className="assess-finder__buttons">
          <Button look="primary" size="large" onClick={pickFiles}>
            {t.drop.choose}
          </Button>
          <Button size="large" icon="play" onClick={onSample}>
            {t.drop.sample}
          </Button>
        </div>
        <p className="assess-finder__paste">
          {t.drop.paste} <Kbd>{MAC ? t.keyNames.Cmd : t.keyNames.Ctrl}</Kbd> <Kbd>V</Kbd>
        </p>
      </div>
      <Codecs />
    </div>
  );
}

/** Four corner marks; they move inwards while a file is dragged over the window. */
export function Corners() {
  return (
    <>
      {(['tl', 'tr', 'bl', 'br'] as const).map((corner) => (
        <span key={corner} className={`assess-corner assess-corner--${corner}`} />
      ))}
    </>
  );
}

function Codecs() {
  const t = useAssessMessages();
  const codecs = useCodecs();
  return (
    <div className="assess-finder__codecs">
      <span>{t.drop.containers}</span>
      <span className="assess-finder__rule" />
      <span>{t.drop.decodes}</span>
      <ul className="assess-finder__list">
        {codecs.map(({ name, supported }) => (
          <li key={name} className={supported ? 'assess-codec' : 'assess-codec assess-codec--no'}>
            <Icon name={supported ? 'check' : 'cross'} size={13} />
            {!supported && <span className="ui-sr">{t.drop.cannot} </span>}
            <span className="assess-codec__name">{name}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
