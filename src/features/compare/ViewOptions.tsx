import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { Button } from '../../ui/Button.tsx';
import { Menu } from '../../ui/Menu.tsx';
import { useCompareWords } from './messages/useCompareWords.ts';
import { compare } from './state/session.ts';
import { GAINS } from './state/settings.ts';

/** What only one of the views has, in the corner of the field, where it moves nothing. */
export function ViewOptions({ children }: { readonly children?: ReactNode }) {
  const w = useCompareWords();
  const { view, opacity, gain, luma } = useStore(compare.store, (state) => state.settings);
  if (view === 'overlay')
    return (
      <label className="compare-options">
        <span>{w.tools.opacity}</span>
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
          label={w.tools.gain}
          up
          items={GAINS.map((value) => ({
            id: String(value),
            label: w.tools.gainValue(value),
            checked: value === gain,
            onSelect: () => compare.change({ gain: value }),
          }))}
          button={(props) => (
            <Button look="quiet" iconAfter="chevronDown" {...props}>
              {w.tools.gain} {w.tools.gainValue(gain)}
            </Button>
          )}
        />
        <Button look="quiet" pressed={luma} onClick={() => compare.change({ luma: !luma })}>
          {w.tools.luma}
        </Button>
      </div>
    );
  return null;
}
