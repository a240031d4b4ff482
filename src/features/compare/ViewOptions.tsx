import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { Button } from '../../ui/Button.tsx';
import { Menu } from '../../ui/Menu.tsx';
import { useCompareMessages } from './messages/useCompareMessages.ts';
import { compare } from './state/session.ts';
import { GAINS } from './state/settings.ts';
import './ViewOptions.css';
import './Range.css';

/** Controls of the overlay and difference views, in the corner of the viewer. */
export function ViewOptions({ children }: { readonly children?: ReactNode }) {
  const t = useCompareMessages();
  const { view, opacity, gain, luma } = useStore(compare.store, (state) => state.settings);
  if (view === 'overlay')
    return (
      <label className="compare-options">
        <span>{t.tools.opacity}</span>
        <input
          type="range"
          className="compare-range"
          min={0}
          max={100}
          value={Math.round(opacity * 100)}
          aria-valuetext={`${Math.round(opacity * 100)} %`}
          onChange={(event) => compare.change({ opacity: Number(event.target.value) / 100 })}
        />
      </label>
    );
  if (view === 'difference')
    return (
      <div className="compare-options">
        {children}
        <Menu
          label={t.tools.gain}
          up
          items={GAINS.map((value) => ({
            id: String(value),
            label: t.tools.gainValue(value),
            checked: value === gain,
            onSelect: () => compare.change({ gain: value }),
          }))}
          button={(props) => (
            <Button look="quiet" iconAfter="chevronDown" {...props}>
              {t.tools.gain} {t.tools.gainValue(gain)}
            </Button>
          )}
        />
        <Button look="quiet" pressed={luma} onClick={() => compare.change({ luma: !luma })}>
          {t.tools.luma}
        </Button>
      </div>
    );
  return null;
}
