/** One pure function per kind of event: the part of the state that the event changes. */
export type Reducers<State, Event extends { readonly kind: string }> = {
  readonly [Kind in Event['kind']]: (
    state: State,
    event: Extract<Event, { readonly kind: Kind }>,
  ) => Partial<State>;
};

/** The reducer of a table of reducers. */
export function reducerOf<State, Event extends { readonly kind: string }>(
  reducers: Reducers<State, Event>,
): (state: State, event: Event) => Partial<State> {
  return (state, event) => {
    const reduce = reducers[event.kind as Event['kind']] as (state: State, event: Event) => Partial<State>;
    return reduce(state, event);
  };
}

/** No change. */
export const unchanged = () => ({});
