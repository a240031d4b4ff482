/** A notice with an icon and actions; not an alert. */
import type { ReactNode } from 'react';
import { Icon, type IconName } from './Icon.tsx';
import './Notice.css';

export interface NoticeProps {
  readonly icon?: IconName;
  readonly children: ReactNode;
  readonly actions?: ReactNode;
}

export function Notice({ icon = 'info', children, actions }: NoticeProps) {
  return (
    <div className="ui-notice">
      <Icon name={icon} />
      <div className="ui-notice__words">{children}</div>
      {actions}
    </div>
  );
}
