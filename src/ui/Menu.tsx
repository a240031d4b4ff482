/** A menu of actions under a button (APG menu button): arrows move, Home and End jump, Escape and Tab close. */
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef } from 'react';
import { Icon, type IconName } from './Icon.tsx';
import { Kbd } from './Kbd.tsx';
import './Menu.css';
import { Popover, type PopoverButtonProps } from './Popover.tsx';

export interface MenuItem {
  readonly id: string;
  readonly label: string;
  /** Title of the items from this one on, up to the next one with a title. */
  readonly group?: string;
  /** A second, smaller line: explanation, or reason for a disabled item. */
  readonly detail?: string;
  readonly icon?: IconName;
  readonly kbd?: string;
  /** One of several, and whether it is the chosen one. */
  readonly checked?: boolean;
  readonly disabled?: boolean;
  readonly onSelect: () => void;
}

export interface MenuProps {
  readonly label: string;
  readonly items: readonly MenuItem[];
  readonly button: (props: PopoverButtonProps & { 'aria-haspopup': 'menu' }, open: boolean) => ReactNode;
  readonly align?: 'start' | 'end';
  readonly up?: boolean;
  /** Text under the items. */
  readonly foot?: ReactNode;
}

export function Menu({ label, items, button, foot, ...where }: MenuProps) {
  return (
    <Popover
      {...where}
      label={label}
      button={(props, open) => button({ ...props, 'aria-haspopup': 'menu' }, open)}
    >
      {(close) => (
        <>
          <MenuItems label={label} items={items} close={close} />
          {foot && <p className="ui-menu__foot">{foot}</p>}
        </>
      )}
    </Popover>
  );
}

function MenuItems(props: { label: string; items: readonly MenuItem[]; close: () => void }) {
  const { label, items, close } = props;
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  const buttons = () => [...(list.current?.querySelectorAll<HTMLButtonElement>('button') ?? [])];

  useEffect(() => {
    const chosen = list.current?.querySelector<HTMLButtonElement>('[aria-checked="true"]');
    (chosen ?? list.current?.querySelector<HTMLButtonElement>('button'))?.focus();
  }, []);

  const onKeyDown = (event: KeyboardEvent) => {
    const all = buttons();
    const at = all.indexOf(document.activeElement as HTMLButtonElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      event.stopPropagation();
      all.at(to % all.length)?.focus();
    } else if (event.key === 'Tab') close();
  };

  return (
    <div className="ui-menu" role="menu" tabIndex={-1} aria-label={label} ref={list} onKeyDown={onKeyDown}>
      {groupsOf(items).map((group) => (
        // biome-ignore lint/a11y/useSemanticElements: a fieldset has no place in a menu
        <div key={group.title ?? ''} role="group" aria-label={group.title || undefined}>
          {group.title && (
            <p className="ui-menu__title" aria-hidden="true">
              {group.title}
            </p>
          )}
          {group.items.map((item) => (
            <MenuButton key={item.id} item={item} describedBy={`${id}${item.id}`} close={close} />
          ))}
        </div>
      ))}
    </div>
  );
}

/** Items under their titles, in their order. */
function groupsOf(items: readonly MenuItem[]): { title: string | undefined; items: MenuItem[] }[] {
  const groups: { title: string | undefined; items: MenuItem[] }[] = [];
  for (const item of items) {
    const last = groups.at(-1);
    if (last && item.group === undefined) last.items.push(item);
    else groups.push({ title: item.group, items: [item] });
  }
  return groups;
}

function MenuButton(props: {
  readonly item: MenuItem;
  /** Id of the element with the second line. */
  readonly describedBy: string;
  readonly close: () => void;
}) {
  const { item, describedBy, close } = props;
  return (
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: the role that takes aria-checked is set just where it is
    <button
      type="button"
      className="ui-menu__item"
      role={item.checked === undefined ? 'menuitem' : 'menuitemradio'}
      aria-checked={item.checked}
      aria-disabled={item.disabled}
      aria-describedby={item.detail ? describedBy : undefined}
      tabIndex={-1}
      onClick={() => {
        if (item.disabled) return;
        close();
        item.onSelect();
      }}
    >
      <span className="ui-menu__icon">
        {item.checked ? <Icon name="check" /> : item.icon ? <Icon name={item.icon} /> : null}
      </span>
      <span className="ui-menu__words">
        {item.label}
        {item.detail && (
          <span id={describedBy} className="ui-menu__detail">
            {item.detail}
          </span>
        )}
      </span>
      {item.kbd && <Kbd>{item.kbd}</Kbd>}
    </button>
  );
}
