/** A modal `<dialog>`: focus goes in and comes back, Escape and a click on the backdrop close it. */
import { type ReactNode, useEffect, useId, useRef } from 'react';
import { IconButton } from './Button.tsx';
import './Dialog.css';
import { useMessages } from './messages/useMessages.tsx';

export interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** Mount it to open it. */
export function Dialog({ title, onClose, children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  const t = useMessages();

  useEffect(() => {
    const dialog = ref.current;
    const before = document.activeElement;
    if (dialog && !dialog.open) dialog.showModal();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);

  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the click is the backdrop's; Escape is the dialog's own
    <dialog
      ref={ref}
      className="ui-dialog"
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === event.currentTarget) onClose();
      }}
    >
      <div className="ui-dialog__sheet">
        <header className="ui-dialog__head">
          <h2 id={id} className="ui-dialog__title">
            {title}
          </h2>
          <IconButton icon="close" label={t.actions.close} onClick={onClose} />
        </header>
        {children}
      </div>
    </dialog>
  );
}
