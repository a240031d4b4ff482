/**
 * The registry of actions. An action has an id, its keys and a name in the messages (`help.names`); a component that is
 * mounted offers what the action runs. Buttons, the key listener and the help dialog read this one table.
 *
 * A chord is written as the `key` of the event, letters in lower case: `k`, `?`, `ArrowLeft`, `Space`. `ctrl+` stands
 * for Ctrl, or ⌘ on a Mac. `shift+` is written only with keys that print nothing (Shift is part of `?` or `<`).
 * Two keys one after the other have a space between them: `g a`. The first chord is the one that a button shows.
 */
export type ActionGroup = 'everywhere' | 'playing' | 'assess' | 'compare' | 'training';

export interface ActionEntry {
  readonly group: ActionGroup;
  readonly keys: readonly string[];
}

export const ACTIONS = {
  open: { group: 'everywhere', keys: ['o'] },
  paste: { group: 'everywhere', keys: ['ctrl+v'] },
  goAssess: { group: 'everywhere', keys: ['g a'] },
  goCompare: { group: 'everywhere', keys: ['g c'] },
  goBatch: { group: 'everywhere', keys: ['g b'] },
  goModels: { group: 'everywhere', keys: ['g m'] },
  goTraining: { group: 'everywhere', keys: ['g t'] },
  help: { group: 'everywhere', keys: ['?'] },
  escape: { group: 'everywhere', keys: ['Escape'] },
  undo: { group: 'everywhere', keys: ['ctrl+z'] },
  find: { group: 'everywhere', keys: ['/'] },
  play: { group: 'playing', keys: ['k', 'Space'] },
  slower: { group: 'playing', keys: ['j'] },
  faster: { group: 'playing', keys: ['l'] },
  frameBack: { group: 'playing', keys: ['ArrowLeft', ','] },
  frameOn: { group: 'playing', keys: ['ArrowRight', '.'] },
  secondBack: { group: 'playing', keys: ['shift+ArrowLeft'] },
  secondOn: { group: 'playing', keys: ['shift+ArrowRight'] },
  sampledBack: { group: 'playing', keys: ['['] },
  sampledOn: { group: 'playing', keys: [']'] },
  start: { group: 'playing', keys: ['Home'] },
  end: { group: 'playing', keys: ['End'] },
  loop: { group: 'playing', keys: ['\\'] },
  fullscreen: { group: 'playing', keys: ['f'] },
  modelView: { group: 'playing', keys: ['m'] },
  saveFrame: { group: 'playing', keys: ['w'] },
  copy: { group: 'assess', keys: ['c'] },
  export: { group: 'assess', keys: ['e'] },
  next: { group: 'assess', keys: ['n'] },
  compare: { group: 'assess', keys: ['d'] },
  onlyA: { group: 'compare', keys: ['1'] },
  onlyB: { group: 'compare', keys: ['2'] },
  splitCentre: { group: 'compare', keys: ['3'] },
  nextView: { group: 'compare', keys: ['v'] },
  swap: { group: 'compare', keys: ['s'] },
  offsetBack: { group: 'compare', keys: ['<'] },
  offsetOn: { group: 'compare', keys: ['>'] },
  zoomIn: { group: 'compare', keys: ['+', '='] },
  zoomOut: { group: 'compare', keys: ['-'] },
  fit: { group: 'compare', keys: ['0'] },
  actualSize: { group: 'compare', keys: ['shift+0'] },
  loupe: { group: 'compare', keys: ['q'] },
  gainDown: { group: 'compare', keys: ['z'] },
  gainUp: { group: 'compare', keys: ['x'] },
  newSeed: { group: 'compare', keys: ['r'] },
  stepBack: { group: 'training', keys: ['['] },
  stepOn: { group: 'training', keys: [']'] },
  pauseRun: { group: 'training', keys: ['p'] },
} as const satisfies Record<string, ActionEntry>;

export type ActionId = keyof typeof ACTIONS;
export const ACTION_IDS = Object.keys(ACTIONS) as readonly ActionId[];

/** @param event the key press, or undefined when a button was clicked */
export type RunAction = (event?: KeyboardEvent) => void;

export interface ConditionalOffer {
  readonly run: RunAction;
  /** Asked at the moment of the key or click, for conditions that no render follows. */
  readonly isEnabled: () => boolean;
}

/**
 * `null`: the component has nothing to run now, and an older offer of the same action counts. `'browser'`: the browser
 * itself does it; the help dialog lists it and the key is left alone.
 */
export type Offer = RunAction | ConditionalOffer | 'browser' | null;
export type Offers = Partial<Record<ActionId, Offer>>;

/** Ids whose offer is not null, in the order of the table. */
export const offeredIds = (offers: Offers): ActionId[] =>
  ACTION_IDS.filter((id) => offers[id] !== undefined && offers[id] !== null);

function runOf(offer: Offer | undefined): RunAction | null {
  if (typeof offer === 'function') return offer;
  if (offer === undefined || offer === null || offer === 'browser') return null;
  return offer.isEnabled() ? offer.run : null;
}

/** Offers of the mounted components, the newest first; the newest enabled offer of an action is the one that runs. */
export function createActionRegistry() {
  const stack: { current: Offers }[] = [];
  const listeners = new Set<() => void>();
  let offered: ReadonlySet<ActionId> = new Set();

  /** Must be called when the ids that a component offers have changed. */
  function refresh(): void {
    offered = new Set(stack.flatMap(({ current }) => offeredIds(current)));
    for (const listener of listeners) listener();
  }

  const find = (id: ActionId): RunAction | null => {
    for (const { current } of stack) {
      const run = runOf(current[id]);
      if (run) return run;
    }
    return null;
  };

  return {
    /** Adds the offers of a component, which may replace `offers.current` at any time; returns the way to remove them. */
    add(offers: { current: Offers }): () => void {
      stack.unshift(offers);
      refresh();
      return () => {
        stack.splice(stack.indexOf(offers), 1);
        refresh();
      };
    },
    /** Actions that are offered now; a new set after each change. */
    offered: (): ReadonlySet<ActionId> => offered,
    /** Runs the newest enabled offer; false when there is none. */
    run(id: ActionId, event?: KeyboardEvent): boolean {
      const run = find(id);
      run?.(event);
      return run !== null;
    },
    subscribe(listener: () => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export const actions = createActionRegistry();
