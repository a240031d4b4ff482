/** Names that Node 20 lacks. Imported for its effect, first. */

if (!('withResolvers' in Promise))
  Object.assign(Promise, {
    withResolvers() {
      let resolve: unknown;
      let reject: unknown;
      const promise = new Promise((...ends) => {
        [resolve, reject] = ends;
      });
      return { promise, resolve, reject };
    },
  });

if (!('navigator' in globalThis)) Object.assign(globalThis, { navigator: {} });

if (!('groupBy' in Map))
  Object.assign(Map, {
    groupBy<T, K>(items: Iterable<T>, keyOf: (item: T, index: number) => K) {
      const groups = new Map<K, T[]>();
      let index = 0;
      for (const item of items) {
        const key = keyOf(item, index++);
        const group = groups.get(key);
        if (group) group.push(item);
        else groups.set(key, [item]);
      }
      return groups;
    },
  });
