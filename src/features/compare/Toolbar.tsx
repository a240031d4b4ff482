/** Toolbar of the viewer: views, swap, zoom, loupe, saving, link, full screen. */
import { useState } from 'react';
import { useStore } from 'zustand';
import { ActionButton, ActionIconButton } from '../../page/ActionButton.tsx';
import { Button, IconButton } from '../../ui/Button.tsx';
import type { IconName } from '../../ui/Icon.tsx';
import { Menu } from '../../ui/Menu.tsx';
import { useMessages } from '../../ui/messages/useMessages.tsx';
import { Segmented } from '../../ui/Segmented.tsx';
import { compare } from './state/session.ts';
import { VIEWS, type View } from './state/settings.ts';
import './Toolbar.css';
import { zoomField } from './field.ts';
import { useCompareMessages } from './messages/useCompareMessages.ts';

const ICONS: Readonly<Record<View, IconName>> = {
  split: 'split',
  side: 'sideBySide',
  stack: 'stack',
  overlay: 'overlay',
  difference: 'difference',
};

export interface ToolbarProps {
  /** Device pixels per video pixel. */
  readonly scale: number;
  readonly loupe: boolean;
  readonly full: boolean;
  readonly onLink: () => Promise<void>;
}

export function Toolbar(props: ToolbarProps) {
  const t = useCompareMessages();
  const messages = useMessages();
  const { view } = useStore(compare.store, (state) => state.settings);
  const [copied, setCopied] = useState(false);
  return (
    <div className="compare-tools">
      <Segmented
        label={t.views.label}
        value={view}
        options={VIEWS.map((value) => ({ value, label: t.views[value], icon: ICONS[value] }))}
        onChange={(value) => compare.change({ view: value })}
      />
      <ActionButton action="swap" showKey={false} look="quiet" icon="swap">
        {t.tools.swap}
      </ActionButton>
      <span className="compare-tools__space" />
      <ZoomMenu scale={props.scale} />
      <ActionIconButton action="loupe" icon="loupe" label={t.tools.loupe} pressed={props.loupe} />
      <ActionIconButton action="saveFrame" icon="camera" label={t.tools.save} />
      <IconButton
        icon={copied ? 'check' : 'link'}
        label={copied ? t.tools.linkCopied : t.tools.link}
        onClick={() => void props.onLink().then(() => setCopied(true))}
        onBlur={() => setCopied(false)}
      />
      <ActionIconButton
        action="fullscreen"
        icon={props.full ? 'fullscreenExit' : 'fullscreen'}
        label={props.full ? messages.player.leaveFullscreen : messages.player.fullscreen}
      />
    </div>
  );
}

function ZoomMenu({ scale }: { readonly scale: number }) {
  const t = useCompareMessages();
  const { zoom } = useStore(compare.store, (state) => state.settings);
  const items = [0.25, 0.5, 1, 2, 4, 8].map((value) => ({
    id: String(value),
    label: value === 1 ? `${t.tools.oneToOne}, 100 %` : `${value * 100} %`,
    checked: zoom !== null && Math.abs(zoom - value) < 1e-3,
    onSelect: () => zoomField(value),
  }));
  return (
    <span className="compare-tools__group">
      <ActionIconButton action="zoomOut" icon="zoomOut" label={t.tools.zoomOut} />
      <Menu
        label={t.tools.zoomLabel}
        items={[
          {
            id: 'fit',
            label: t.tools.fit,
            kbd: '0',
            checked: zoom === null,
            onSelect: () => zoomField(null),
          },
          ...items,
        ]}
        button={(props) => (
          <Button look="quiet" {...props}>
            {t.tools.zoom(Math.round(scale * 100))}
          </Button>
        )}
      />
      <ActionIconButton action="zoomIn" icon="zoomIn" label={t.tools.zoomIn} />
    </span>
  );
}
