/** Toolbar of the viewer: views, swap, zoom, loupe, saving, link, full screen; a menu of them in a narrow window. */
import { useState } from 'react';
import { useStore } from 'zustand';
import { ActionButton, ActionIconButton } from '../../page/ActionButton.tsx';
import { type ActionId, actions } from '../../page/actions.ts';
import { Button, IconButton } from '../../ui/Button.tsx';
import type { IconName } from '../../ui/Icon.tsx';
import { Menu, type MenuItem } from '../../ui/Menu.tsx';
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
  const copy = () => void props.onLink().then(() => setCopied(true));
  const fullscreen = props.full ? messages.player.leaveFullscreen : messages.player.fullscreen;
  return (
    <div className="compare-tools">
      <Segmented
        label={t.views.label}
        value={view}
        options={VIEWS.map((value) => ({ value, label: t.views[value], icon: ICONS[value] }))}
        onChange={(value) => compare.change({ view: value })}
      />
      <span className="compare-tools__space compare-tools__narrow" />
      <span className="compare-tools__narrow">
        <MoreTools loupe={props.loupe} fullscreen={fullscreen} onLink={copy} />
      </span>
      <span className="compare-tools__wide">
        <ActionButton action="swap" showKey={false} look="quiet" icon="swap">
          {t.tools.swap}
        </ActionButton>
      </span>
      <span className="compare-tools__space compare-tools__wide" />
      <span className="compare-tools__wide">
        <ZoomMenu scale={props.scale} />
        <ActionIconButton action="loupe" icon="loupe" label={t.tools.loupe} pressed={props.loupe} />
        <ActionIconButton action="saveFrame" icon="camera" label={t.tools.save} />
        <IconButton
          icon={copied ? 'check' : 'link'}
          label={copied ? t.tools.linkCopied : t.tools.link}
          onClick={copy}
          onBlur={() => setCopied(false)}
        />
        <ActionIconButton
          action="fullscreen"
          icon={props.full ? 'fullscreenExit' : 'fullscreen'}
          label={fullscreen}
        />
      </span>
    </div>
  );
}

/** The fit and the zoom steps. */
function useZoomItems(): MenuItem[] {
  const t = useCompareMessages();
  const { zoom } = useStore(compare.store, (state) => state.settings);
  const steps = [0.25, 0.5, 1, 2, 4, 8].map((value) => ({
    id: String(value),
    label: value === 1 ? `${t.tools.oneToOne}, 100 %` : `${value * 100} %`,
    checked: zoom !== null && Math.abs(zoom - value) < 1e-3,
    onSelect: () => zoomField(value),
  }));
  const fit = {
    id: 'fit',
    label: t.tools.fit,
    kbd: '0',
    checked: zoom === null,
    onSelect: () => zoomField(null),
  };
  return [fit, ...steps];
}

/** All tools but the views, for a window that has no room for their buttons. */
function MoreTools(props: {
  readonly loupe: boolean;
  readonly fullscreen: string;
  readonly onLink: () => void;
}) {
  const t = useCompareMessages();
  const zoom = useZoomItems();
  const item = (action: ActionId, icon: IconName, label: string): MenuItem => ({
    id: action,
    icon,
    label,
    onSelect: () => void actions.run(action),
  });
  return (
    <Menu
      label={t.tools.more}
      items={[
        item('fullscreen', 'fullscreen', props.fullscreen),
        item('swap', 'swap', t.tools.swapSides),
        item('saveFrame', 'camera', t.tools.save),
        { id: 'link', icon: 'link', label: t.tools.link, onSelect: props.onLink },
        { ...item('loupe', 'loupe', t.tools.loupe), ...(props.loupe && { icon: 'check' as const }) },
        ...zoom.map(({ kbd: _, ...step }) => ({ ...step, label: t.tools.zoomTo(step.label) })),
      ]}
      button={(button) => <IconButton icon="more" label={t.tools.more} {...button} />}
    />
  );
}

function ZoomMenu({ scale }: { readonly scale: number }) {
  const t = useCompareMessages();
  const items = useZoomItems();
  return (
    <span className="compare-tools__group">
      <ActionIconButton action="zoomOut" icon="zoomOut" label={t.tools.zoomOut} />
      <Menu
        label={t.tools.zoomLabel}
        items={items}
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
