/** One of a few, side by side: a radio group that looks like a row of buttons. */
import { useId } from 'react';
import { Icon, type IconName } from './Icon.tsx';
import './Segmented.css';

export interface SegmentedProps<T extends string> {
  readonly label: string;
  /** With an icon the label may be hidden where there is little room; it stays the accessible name. */
  readonly options: readonly { readonly value: T; readonly label: string; readonly icon?: IconName }[];
  readonly value: T;
  readonly onChange: (value: T) => void;
}

export function Segmented<T extends string>({ label, options, value, onChange }: SegmentedProps<T>) {
  const name = useId();
  return (
    <fieldset className="ui-segmented">
      <legend className="ui-sr">{label}</legend>
      {options.map((option) => (
        <label key={option.value} className="ui-segmented__option">
          <input
            type="radio"
            className="ui-segmented__input"
            name={name}
            checked={option.value === value}
            onChange={() => onChange(option.value)}
          />
          <span className="ui-segmented__word">
            {option.icon && <Icon name={option.icon} />}
            <span className={option.icon && 'ui-segmented__beside'}>{option.label}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
