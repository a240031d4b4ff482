/** The keys that do something now, and the two settings that concern keys and ears. */
import type { ReactNode } from 'react';
import { Dialog } from '../ui/Dialog.tsx';
import { Kbd } from '../ui/Kbd.tsx';
import type { Words } from '../ui/messages/en.ts';
import { useWords } from '../ui/messages/useWords.tsx';
import { Segmented } from '../ui/Segmented.tsx';
import './HelpDialog.css';
import { type Action, BINDINGS, type KeyGroup } from '../page/keys.ts';
import { ANNOUNCE, changeSettings, useSettings } from '../page/settings.ts';
import { useOfferedActions } from '../page/useKeys.ts';

const GROUPS: readonly KeyGroup[] = ['everywhere', 'playing', 'assess', 'compare', 'training'];

const GO: Partial<Record<Action, Exclude<keyof Words['places'], 'label'>>> = {
  goAssess: 'assess',
  goCompare: 'compare',
  goBatch: 'batch',
  goModels: 'models',
  goTraining: 'training',
};

function nameOf(action: Action, w: Words): string {
  const place = GO[action];
  if (place) return w.help.names.go(w.places[place]);
  return w.help.names[action as keyof Omit<Words['help']['names'], 'go'>];
}

export function HelpDialog({ onClose }: { readonly onClose: () => void }) {
  const w = useWords();
  const { singleKeys, announce } = useSettings();
  const offered = useOfferedActions();
  const actions = (group: KeyGroup) =>
    (Object.keys(BINDINGS) as Action[]).filter((a) => BINDINGS[a].group === group && offered.has(a));
  return (
    <Dialog title={w.help.title} onClose={onClose}>
      <p className="app-help__lead">{w.help.body}</p>
      <div className="app-help__groups">
        {GROUPS.filter((group) => actions(group).length > 0).map((group) => (
          <KeyTable key={group} title={w.help.groups[group]} actions={actions(group)} />
        ))}
      </div>
      <div className="app-help__settings">
        <Setting label={w.help.singleKeys} help={w.help.singleKeysHelp}>
          <Segmented
            label={w.help.singleKeys}
            value={singleKeys ? 'on' : 'off'}
            options={[
              { value: 'on', label: w.help.on },
              { value: 'off', label: w.help.off },
            ]}
            onChange={(value) => changeSettings({ singleKeys: value === 'on' })}
          />
        </Setting>
        <Setting label={w.trace.announce} help={w.help.announce}>
          <Segmented
            label={w.trace.announce}
            value={announce}
            options={ANNOUNCE.map((value) => ({ value, label: w.trace.announceChoices[value] }))}
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

function KeyTable({ title, actions }: { readonly title: string; readonly actions: readonly Action[] }) {
  const w = useWords();
  return (
    <table className="app-help__table">
      <caption>{title}</caption>
      <thead className="ui-sr">
        <tr>
          <th scope="col">{w.help.key}</th>
          <th scope="col">{w.help.does}</th>
        </tr>
      </thead>
      <tbody>
        {actions.map((action) => (
          <tr key={action}>
            <td>
              {BINDINGS[action].chords.map((chord, i) => (
                <span key={chord}>
                  {i > 0 && <span className="app-help__aside"> {w.help.or} </span>}
                  <Chord chord={chord} />
                </span>
              ))}
            </td>
            <td>{nameOf(action, w)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const MAC = typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.userAgent);

function Chord({ chord }: { readonly chord: string }) {
  const w = useWords();
  const printed = (key: string) => {
    if (key === 'ctrl') return MAC ? w.help.keyNames.Cmd : w.help.keyNames.Ctrl;
    if (key === 'shift') return w.help.keyNames.Shift;
    const named = w.help.keyNames[key as keyof Words['help']['keyNames']] as string | undefined;
    return named ?? key.toUpperCase();
  };
  const pair = chord.split(' ');
  return pair.map((keys, i) => (
    <span key={keys} className="app-help__chord">
      {i > 0 && <span className="app-help__aside"> {w.help.followedBy} </span>}
      {(keys === '+' ? [keys] : keys.split('+')).map((key) => (
        <Kbd key={key}>{printed(key)}</Kbd>
      ))}
    </span>
  ));
}
