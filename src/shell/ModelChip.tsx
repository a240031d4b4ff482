/** The model in use: a dot when it is ready, a ring while it loads; the menu changes it. */

import { bytes } from '../../core/text/format.ts';
import type { LoadProgress } from '../../workers/model/api.ts';
import { Icon } from '../ui/Icon.tsx';
import { Menu, type MenuItem } from '../ui/Menu.tsx';
import type { PopoverButtonProps } from '../ui/Popover.tsx';
import type { ShellMessages } from './messages/useShellMessages.ts';
import { useShellMessages } from './messages/useShellMessages.ts';
import './ModelChip.css';

export type ModelChipState =
  | { readonly kind: 'idle' }
  /** Bytes; `total` is 0 until the manifest has been read. */
  | {
      readonly kind: 'loading';
      readonly stage: LoadProgress['stage'];
      readonly loaded: number;
      readonly total: number;
    }
  | {
      readonly kind: 'ready';
      readonly name: string;
      /** Size of the package in bytes. */
      readonly size: number;
      readonly backend: 'wasm' | 'webgpu';
    }
  | { readonly kind: 'failed' };

export interface ModelChipProps {
  readonly state: ModelChipState;
  /** Packages to choose from, and *Open a model folder…*. */
  readonly items: readonly MenuItem[];
  /** Reason for the device that the model runs on. */
  readonly reason?: string;
}

/** Stage of a load and its bytes; a self-test has none. */
function loadDetail(
  { stage, loaded, total }: Extract<ModelChipState, { kind: 'loading' }>,
  t: ShellMessages,
): string {
  if (stage === 'test') return t.progress.loadStages.test;
  if (total === 0) return '';
  const amount = t.model.loadingBytes(loaded, total);
  return stage === 'open' ? t.units.facts([t.progress.loadStages.open, amount]) : amount;
}

/** Name and the smaller detail after it. */
function chipText(state: ModelChipState, t: ShellMessages): { name: string; detail: string } {
  switch (state.kind) {
    case 'idle':
      return { name: t.model.bundledName, detail: t.model.notLoaded };
    case 'failed':
      return { name: t.model.failed, detail: '' };
    case 'loading':
      return {
        name: t.progress.loading,
        detail: loadDetail(state, t),
      };
    case 'ready':
      return {
        name: t.units.facts([state.name, bytes(state.size)]),
        detail: state.backend === 'webgpu' ? t.model.adapter : t.model.processor,
      };
  }
}

export function ModelChip({ state, items, reason }: ModelChipProps) {
  const t = useShellMessages();
  const button = (props: PopoverButtonProps) => <ChipButton {...props} state={state} />;
  return <Menu label={t.model.label} items={items} button={button} foot={reason} />;
}

function ChipButton({ state, ...props }: PopoverButtonProps & { state: ModelChipState }) {
  const t = useShellMessages();
  const { name, detail } = chipText(state, t);
  return (
    <button type="button" className="app-chip" {...props}>
      <StateMark state={state} />
      <span className="ui-sr">{t.model.label}: </span>
      <span>{name}</span>
      {detail && <span className="app-chip__detail">{detail}</span>}
      <Icon name="chevronDown" size={14} />
    </button>
  );
}

function StateMark({ state }: { readonly state: ModelChipState }) {
  if (state.kind === 'failed') return <Icon name="alert" size={14} />;
  const part = state.kind === 'loading' && state.total > 0 ? state.loaded / state.total : 0;
  return (
    <svg
      className="app-chip__mark"
      width="10"
      height="10"
      viewBox="0 0 10 10"
      aria-hidden="true"
      focusable="false"
    >
      {state.kind === 'ready' ? (
        <circle className="app-chip__dot" cx="5" cy="5" r="3.6" />
      ) : (
        <>
          <circle className="app-chip__ring" cx="5" cy="5" r="3.9" />
          <circle
            className="app-chip__arc"
            cx="5"
            cy="5"
            r="3.9"
            pathLength="100"
            strokeDasharray={`${part * 100} 100`}
          />
        </>
      )}
    </svg>
  );
}
