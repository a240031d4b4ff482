/** A button that opens a raised panel under it. Closes on Escape, on a click outside and when focus leaves it. */
import { type ReactNode, useCallback, useEffect, useId, useRef, useState } from 'react';
import './Popover.css';

export interface PopoverProps {
  /** Renders the button; spread `props` on it. */
  readonly button: (props: PopoverButtonProps, open: boolean) => ReactNode;
  /** Name of the panel for screen readers. */
  readonly label: string;
  /** Edge of the button that the panel lines up with. */
  readonly align?: 'start' | 'end';
  /** Opens above the button: for rows at the foot of the window. */
  readonly up?: boolean;
  readonly children: (close: () => void) => ReactNode;
}

export interface PopoverButtonProps {
  readonly 'aria-expanded': boolean;
  readonly 'aria-controls': string;
  readonly onClick: () => void;
}

export function Popover({ button, label, align = 'end', up = false, children }: PopoverProps) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const id = useId();

  const close = useCallback(() => {
    // Focus that is inside would be lost with the panel: it goes back to the button.
    if (root.current?.contains(document.activeElement)) root.current.querySelector('button')?.focus();
    setOpen(false);
  }, []);

  useEffect(() => {
    if (!open) return;
    const outside = (event: Event) => {
      if (event.target instanceof Node && !root.current?.contains(event.target)) setOpen(false);
    };
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return;
      // Escape closes one thing at a time: it must not also stop a run.
      event.preventDefault();
      event.stopPropagation();
      close();
    };
    document.addEventListener('pointerdown', outside);
    document.addEventListener('focusin', outside);
    document.addEventListener('keydown', onKeyDown, { capture: true });
    return () => {
      document.removeEventListener('pointerdown', outside);
      document.removeEventListener('focusin', outside);
      document.removeEventListener('keydown', onKeyDown, { capture: true });
    };
  }, [open, close]);

  const toggle = () => setOpen((was) => !was);
  return (
    <div className="ui-popover" ref={root}>
      {button({ 'aria-expanded': open, 'aria-controls': id, onClick: toggle }, open)}
      {open && (
        <section
          id={id}
          className={`ui-popover__panel ui-popover__panel--${align}${up ? ' ui-popover__panel--up' : ''}`}
          aria-label={label}
        >
          {children(close)}
        </section>
      )}
    </div>
  );
}
