/** The header: mark and name, the routes, then privacy, model, language, theme and help. */
import { ActionIconButton } from '../page/ActionButton.tsx';
import { Button, IconButton } from '../ui/Button.tsx';
import { Icon } from '../ui/Icon.tsx';
import { Menu, type MenuItem } from '../ui/Menu.tsx';
import { fingersOnly } from '../ui/pointer.ts';
import type { ShellMessages } from './messages/useShellMessages.ts';
import { useShellMessages } from './messages/useShellMessages.ts';
import './Header.css';
import { hashOf } from '../page/router.ts';
import { changeSettings, type Settings, THEMES, useSettings } from '../page/settings.ts';
import { ModelChip, type ModelChipProps } from './ModelChip.tsx';
import { PrivacyChip } from './PrivacyPanel.tsx';
import { ROUTES, type Route } from './routes.ts';
import { ServerChip } from './ServerChip.tsx';

export interface HeaderProps {
  readonly route: Route['id'];
  readonly model: ModelChipProps;
  readonly onHelp: () => void;
}

export function Header({ route, model, onHelp }: HeaderProps) {
  const t = useShellMessages();
  const settings = useSettings();
  const other = settings.lang === 'en' ? 'zh' : 'en';
  return (
    <header className="app-header">
      <a className="app-header__name" href={hashOf(ROUTES[0].id)}>
        <Icon name="mark" size={18} />
        {t.app.name}
      </a>
      <RouteLinks route={route} className="app-header__places" />
      <div className="app-header__right">
        {route === 'training' ? <ServerChip /> : <PrivacyChip />}
        <div className="app-header__wide">
          <ModelChip {...model} />
          <span className="app-header__rule" />
          <Button look="quiet" lang={other} onClick={() => changeSettings({ lang: other })}>
            <span className="app-header__language">{t.header.language}</span>
          </Button>
          <Menu
            label={t.header.theme}
            items={themeItems(settings, t)}
            button={(props) => (
              <IconButton {...props} icon={isDark(settings) ? 'sun' : 'moon'} label={t.header.theme} />
            )}
          />
          <ActionIconButton action="help" icon="help" label={t.header.help} />
        </div>
        <div className="app-header__narrow">
          <Menu
            label={t.header.more}
            items={[
              ...titled(t.model.label, model.items),
              {
                id: 'language',
                group: t.header.languageTitle,
                label: t.header.language,
                onSelect: () => changeSettings({ lang: other }),
              },
              ...titled(t.header.theme, themeItems(settings, t)),
              // Its dialog is about the keyboard.
              ...(fingersOnly()
                ? []
                : [{ id: 'help', group: '', icon: 'help', label: t.header.help, onSelect: onHelp } as const]),
            ]}
            button={(props) => <IconButton {...props} icon="menu" label={t.header.more} />}
          />
        </div>
      </div>
    </header>
  );
}

/** The items under a title. */
const titled = (group: string, items: readonly MenuItem[]): MenuItem[] =>
  items.map((item, i) => (i === 0 ? { ...item, group } : item));

const isDark = ({ theme }: Settings): boolean =>
  theme === 'dark' || (theme === 'system' && document.documentElement.dataset.theme === 'dark');

function themeItems(settings: Settings, t: ShellMessages): MenuItem[] {
  return THEMES.map((theme) => ({
    id: theme,
    label: t.header.themes[theme],
    checked: settings.theme === theme,
    onSelect: () => changeSettings({ theme }),
  }));
}

/** Links to the pages; in the header as text, at the foot of a narrow window with icons. */
export function RouteLinks(props: {
  readonly route: Route['id'];
  readonly className: string;
  readonly routes?: readonly Pick<Route, 'id' | 'icon'>[];
}) {
  const { route, className, routes = ROUTES } = props;
  const t = useShellMessages();
  return (
    <nav className={className} aria-label={t.routes.label}>
      {routes.map(({ id, icon }) => (
        <a key={id} className="app-place" href={hashOf(id)} aria-current={id === route ? 'page' : undefined}>
          <span className="app-place__icon">
            <Icon name={icon} size={20} />
          </span>
          {t.routes[id]}
        </a>
      ))}
    </nav>
  );
}
