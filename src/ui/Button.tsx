/** Buttons. At most one `primary` in a view; texts are verbs; a button with an icon only has its name in `label`. */
import type { ButtonHTMLAttributes, ReactNode, Ref } from 'react';
import './Button.css';
import { Icon, type IconName } from './Icon.tsx';
import { Kbd } from './Kbd.tsx';

type Native = Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'className' | 'type' | 'style'>;

export interface ButtonProps extends Native {
  /** `primary`: filled with ink. `plain`: with a border. `quiet`: text only. */
  readonly look?: 'primary' | 'plain' | 'quiet';
  /** `large` is 36 px high, for the one choice of an empty page. */
  readonly size?: 'normal' | 'large';
  readonly icon?: IconName;
  /** Icon after the text, e.g. the chevron of a menu. */
  readonly iconAfter?: IconName;
  /** Key that does the same, as shown: `Esc`, `N`. */
  readonly kbd?: string | undefined;
  /** Pressed state of a toggle. */
  readonly pressed?: boolean | undefined;
  readonly children: ReactNode;
  readonly ref?: Ref<HTMLButtonElement>;
}

export function Button(props: ButtonProps) {
  const { look = 'plain', size = 'normal', icon, iconAfter, kbd, pressed, children, ...native } = props;
  return (
    <button
      {...native}
      type="button"
      aria-pressed={pressed}
      className={`ui-button ui-button--${look} ui-button--${size}`}
    >
      {icon && <Icon name={icon} />}
      <span>{children}</span>
      {iconAfter && <Icon name={iconAfter} size={14} />}
      {kbd && <Kbd>{kbd}</Kbd>}
    </button>
  );
}

export interface IconButtonProps extends Native {
  readonly icon: IconName;
  /** Its name, for screen readers and as the hint on hover. */
  readonly label: string;
  /** Single key that does the same, shown in the hint: `M`. */
  readonly kbd?: string | undefined;
  readonly pressed?: boolean | undefined;
  readonly ref?: Ref<HTMLButtonElement>;
}

export function IconButton({ icon, label, kbd, pressed, ...native }: IconButtonProps) {
  return (
    <button
      {...native}
      type="button"
      aria-label={label}
      aria-pressed={pressed}
      aria-keyshortcuts={kbd}
      title={kbd ? `${label} (${kbd})` : label}
      className="ui-iconbutton"
    >
      <Icon name={icon} />
    </button>
  );
}

export interface TextButtonProps extends Native {
  readonly children: ReactNode;
}

/** A button inside a sentence, underlined as a link. */
export function TextButton({ children, ...native }: TextButtonProps) {
  return (
    <button {...native} type="button" className="ui-textbutton">
      {children}
    </button>
  );
}
