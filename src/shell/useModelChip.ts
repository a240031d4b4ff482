/** State of the model for the header, and the menu that changes the model. */
import { useStore } from 'zustand';
import { errorText } from '../../core/text/error-messages.ts';
import type { Lang } from '../../core/text/lang.ts';
import { bundledSource, type ModelState } from '../assessment/model/model-store.ts';
import { models } from '../assessment/session.ts';
import { pickFolder } from '../page/file-input.ts';
import type { MenuItem } from '../ui/Menu.tsx';
import { useLang } from '../ui/messages/useMessages.tsx';
import type { ModelChipProps, ModelChipState } from './ModelChip.tsx';
import type { ShellMessages } from './messages/useShellMessages.ts';
import { useShellMessages } from './messages/useShellMessages.ts';

/** State of the chip. */
export function chipState({ phase, progress, ...state }: ModelState): ModelChipState {
  const loaded = state.loaded ?? state.vqa2;
  if (phase === 'error') return { kind: 'failed' };
  if (phase === 'loading')
    return {
      kind: 'loading',
      stage: progress?.stage ?? 'check',
      loaded: progress?.loadedBytes ?? 0,
      total: progress?.totalBytes ?? 0,
    };
  if (phase !== 'ready' || !loaded) return { kind: 'idle' };
  const { manifest, bytes, backend } = loaded;
  return { kind: 'ready', name: manifest.name, size: bytes, backend };
}

/** Line under the menu: the error, or the reason for the device that the model runs on. */
function footOf(state: ModelState, lang: Lang, t: ShellMessages): string | undefined {
  if (state.error) return errorText(lang, state.error.code, state.error.params)?.title ?? state.error.code;
  const loaded = state.loaded ?? state.vqa2;
  if (!loaded) return undefined;
  const { reason, backend, threads } = loaded;
  return backend === 'wasm' ? t.model.onProcessor(t.model.reasons[reason], threads) : t.model.reasons[reason];
}

/** A failed load is in the store's state already. */
const ignoreRejection = () => {};

async function openFolder(): Promise<void> {
  const folder = await pickFolder();
  if (folder) models.load({ kind: 'files', files: folder.files }).catch(ignoreRejection);
}

function menuItems(state: ModelState, t: ShellMessages): MenuItem[] {
  const fromFolder = state.source?.kind === 'files' && (state.loaded ?? state.vqa2);
  return [
    {
      id: 'bundled',
      label: t.model.bundledName,
      detail: t.model.bundled,
      checked: state.source?.kind === 'url',
      onSelect: () => {
        if (state.source?.kind !== 'url' || state.phase === 'error')
          models.load(bundledSource()).catch(ignoreRejection);
      },
    },
    ...(fromFolder
      ? [
          {
            id: 'folder',
            label: fromFolder.manifest.name,
            detail: t.model.fromFolder,
            checked: true,
            onSelect: () => {},
          },
        ]
      : []),
    {
      id: 'open',
      icon: 'folder',
      label: t.model.openFolder,
      detail: t.model.openFolderHelp,
      onSelect: () => void openFolder(),
    },
  ];
}

export function useModelChip(): ModelChipProps {
  const t = useShellMessages();
  const lang = useLang();
  const state = useStore(models.store);
  const reason = footOf(state, lang, t);
  return { state: chipState(state), items: menuItems(state, t), ...(reason !== undefined && { reason }) };
}
