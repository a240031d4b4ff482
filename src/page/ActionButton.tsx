/** Buttons of registered actions: name, shown key, enabled state and click come from the registry. */
import { Button, type ButtonProps, IconButton, type IconButtonProps } from '../ui/Button.tsx';
import { useMessages } from '../ui/messages/useMessages.tsx';
import { ACTIONS, type ActionId, actions } from './actions.ts';
import { printedKeys } from './keys.ts';
import { useOfferedActions } from './useActions.ts';

function useActionProps(id: ActionId) {
  const t = useMessages();
  const offered = useOfferedActions();
  return {
    kbd: printedKeys(ACTIONS[id].keys[0], t.keyNames).join('+'),
    disabled: !offered.has(id),
    onClick: () => void actions.run(id),
  };
}

export interface ActionButtonProps extends Omit<ButtonProps, 'kbd' | 'onClick'> {
  readonly action: ActionId;
  /** False keeps the key off the button; screen readers get it all the same. */
  readonly showKey?: boolean;
}

export function ActionButton({ action, showKey = true, ...rest }: ActionButtonProps) {
  const { kbd, ...props } = useActionProps(action);
  return <Button {...props} aria-keyshortcuts={kbd} kbd={showKey ? kbd : undefined} {...rest} />;
}

export interface ActionIconButtonProps extends Omit<IconButtonProps, 'kbd' | 'onClick'> {
  readonly action: ActionId;
}

export function ActionIconButton({ action, ...rest }: ActionIconButtonProps) {
  return <IconButton {...useActionProps(action)} {...rest} />;
}
