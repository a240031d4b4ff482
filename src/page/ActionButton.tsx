/** Buttons of registered actions: name, shown key, enabled state and click come from the registry. */
import { Button, type ButtonProps, IconButton, type IconButtonProps } from '../ui/Button.tsx';
import { useMessages } from '../ui/messages/useMessages.tsx';
import { ACTIONS, type ActionId, actions } from './actions.ts';
import { printedKeys } from './keys.ts';
import { useOfferedActions } from './useActions.ts';

interface ActionProps {
  readonly action: ActionId;
  /** Disables the button although the action is offered. */
  readonly disabled?: boolean | undefined;
}

function useActionProps({ action, disabled = false }: ActionProps) {
  const { keyNames } = useMessages();
  const offered = useOfferedActions();
  return {
    kbd: printedKeys(ACTIONS[action].keys[0], keyNames).join('+'),
    disabled: disabled || !offered.has(action),
    onClick: () => void actions.run(action),
  };
}

export interface ActionButtonProps extends ActionProps, Omit<ButtonProps, 'kbd' | 'onClick' | 'disabled'> {
  /** False keeps the key off the button; screen readers get it all the same. */
  readonly showKey?: boolean;
}

export function ActionButton({ action, disabled, showKey = true, ...rest }: ActionButtonProps) {
  const { kbd, ...props } = useActionProps({ action, disabled });
  return <Button {...rest} {...props} aria-keyshortcuts={kbd} kbd={showKey ? kbd : undefined} />;
}

export interface ActionIconButtonProps
  extends ActionProps,
    Omit<IconButtonProps, 'kbd' | 'onClick' | 'disabled'> {}

export function ActionIconButton({ action, disabled, ...rest }: ActionIconButtonProps) {
  return <IconButton {...rest} {...useActionProps({ action, disabled })} />;
}
