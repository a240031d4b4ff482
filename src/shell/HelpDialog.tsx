/** The actions that are offered now with their keys, and the settings of keys and of the screen reader. */
import type { ReactNode } from 'react';
import { Dialog } from '../ui/Dialog.tsx';
import { Kbd } from '../ui/Kbd.tsx';
import { Segmented } from '../ui/Segmented.tsx';
import type { ShellMessages } from './messages/useShellMessages.ts';
import { useShellMessages } from './messages/useShellMessages.ts';
import './HelpDialog.css';
import { ACTION_IDS, ACTIONS, type ActionGroup, type ActionId } from '../page/actions.ts';
import { printedKeys } from '../page/keys.ts';
import { ANNOUNCE, changeSettings, useSettings } from '../page/settings.ts';
import { useOfferedActions } from '../page/useActions.ts';

const GROUPS: readonly ActionGroup[] = ['everywhere', 'playing', 'assess', 'compare', 'training'];

const GO: Partial<Record<ActionId, Exclude<keyof ShellMessages['routes'], 'label'>>> = {
  goAssess: 'assess',
  goCompare: 'compare',
  goBatch: 'batch',
  goModels: 'models',
  goTraining: 'training',
};

function nameOf(action: ActionId, t: ShellMessages): string {
  const route = GO[action];
  if (route) return t.help.names.go(t.routes[route]);
  return t.help.names[action as keyof Omit<ShellMessages['help']['names'], 'go'>];
}

export function HelpDialog({ onClose }: { readonly onClose: () => void }) {
  const t = useShellMessages();
  const { singleKeys, announce } = useSettings();
  const offered = useOfferedActions();
  const actions = (group: ActionGroup) =>
    ACTION_IDS.filter((id) => ACTIONS[id].group === group && offered.has(id));
  return (
    <Dialog title={t.help.title} onClose={onClose}>
      <p className="app-help__lead">{t.help.body}</p>
      <div className="app-help__groups">
        {GROUPS.filter((group) => actions(group).length > 0).map((group) => (
          <KeyTable key={group} title={t.help.groups[group]} actions={actions(group)} />
        ))}
      </div>
      <div className="app-help__settings">
        <Setting label={t.help.singleKeys} help={t.help.singleKeysHelp}>
          <Segmented
            label={t.help.singleKeys}
            value={singleKeys ? 'on' : 'off'}
            options={[
              { value: 'on', label: t.help.on },
              { value: 'off', label: t.help.off },
            ]}
            onChange={(value) => changeSettings({ singleKeys: value === 'on' })}
          />
        </Setting>
        <Setting label={t.announce.label} help={t.announce.help}>
          <Segmented
            label={t.announce.label}
            value={announce}
            options={ANNOUNCE.map((value) => ({ value, label: t.announce.choices[value] }))}
            onChange={(value) => changeSettings({ announce: value })}
          />
        </Setting>
      </div>
    </Dialog>
  );
}

function Setting(props: { readonly label: string; readonly help: string; readonly children: ReactNode }) {
  return (
    <div className="app-help__setting">
      <p>
        <strong>{props.label}</strong> <span className="app-help__aside">{props.help}</span>
      </p>
      {props.children}
    </div>
  );
}

function KeyTable({ title, actions }: { readonly title: string; readonly actions: readonly ActionId[] }) {
  const t = useShellMessages();
  return (
    <table className="app-help__table">
      <caption>{title}</caption>
      <thead className="ui-sr">
        <tr>
          <th scope="col">{t.help.key}</th>
          <th scope="col">{t.help.does}</th>
        </tr>
      </thead>
      <tbody>
        {actions.map((action) => (
          <tr key={action}>
            <td>
              {ACTIONS[action].keys.map((chord, i) => (
                <span key={chord}>
                  {i > 0 && <span className="app-help__aside"> {t.help.or} </span>}
                  <Chord chord={chord} />
                </span>
              ))}
            </td>
            <td>{nameOf(action, t)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Chord({ chord }: { readonly chord: string }) {
  const t = useShellMessages();
  return chord.split(' ').map((keys, i) => (
    <span key={keys} className="app-help__chord">
      {i > 0 && <span className="app-help__aside"> {t.help.followedBy} </span>}
      {printedKeys(keys, t.keyNames).map((key) => (
        <Kbd key={key}>{key}</Kbd>
      ))}
    </span>
  ));
}
