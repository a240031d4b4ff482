/** A resolved recipe as rows: path, value, explanation, and what the base has in its place. */
import { type RecipeField, recipeFields } from '../../../core/training/recipe-fields.ts';

export interface RecipeRow {
  /** As it is written: `stages[1].guards.maxKl`. */
  readonly path: string;
  /** As the explanations know it: `stages[].guards.maxKl`. */
  readonly pattern: string;
  /** Of the stage or source it belongs to: `grpo`, `jsonl`. */
  readonly kind: string | null;
  readonly value: unknown;
  /** English explanation of the schema; null where it knows none. */
  readonly about: string | null;
  /** `same`, or what the base has: another value, or nothing. */
  readonly base: { readonly is: 'same' | 'other' | 'absent'; readonly value?: unknown };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Lists of plain values are values themselves; lists of objects (stages) are walked. */
const isLeaf = (value: unknown): boolean =>
  Array.isArray(value) ? !value.some(isObject) : !isObject(value) || Object.keys(value).length === 0;

interface Leaf {
  readonly path: string;
  readonly pattern: string;
  readonly kind: string | null;
  readonly value: unknown;
  /** Path by the names of stages instead of their places: what a base is looked up by. */
  readonly key: string;
}

function leaves(
  value: unknown,
  at: { path: string; pattern: string; key: string; kind: string | null },
  patterns: ReadonlySet<string>,
): Leaf[] {
  if (isLeaf(value)) return at.path === '' ? [] : [{ ...at, value }];
  const join = (path: string, name: string) => (path === '' ? name : `${path}.${name}`);
  if (Array.isArray(value))
    return value.flatMap((item, i) =>
      leaves(
        item,
        {
          path: `${at.path}[${i}]`,
          pattern: `${at.pattern}[]`,
          key: `${at.key}[${isObject(item) && typeof item.name === 'string' ? item.name : i}]`,
          kind: kindOf(item, `${at.pattern}[]`) ?? at.kind,
        },
        patterns,
      ),
    );
  return Object.entries(value as object).flatMap(([name, child]) => {
    const named = join(at.pattern, name);
    // Names that people give (sources) are `*` in the explanations; what is not explained is part of what holds it.
    const pattern = patterns.has(named)
      ? named
      : [...patterns].some((fields) => fields.startsWith(`${at.pattern}.*`))
        ? `${at.pattern}.*`
        : patterns.has(at.pattern)
          ? at.pattern
          : named;
    return leaves(
      child,
      {
        path: join(at.path, name),
        pattern,
        key: join(at.key, name),
        kind: kindOf(child, pattern) ?? at.kind,
      },
      patterns,
    );
  });
}

/** Of a stage its objective, of a source its kind: what decides which fields it has. */
function kindOf(value: unknown, pattern: string): string | null {
  if (!isObject(value)) return null;
  const tag = pattern === 'stages[]' ? value.objective : pattern === 'sources.*' ? value.kind : null;
  return typeof tag === 'string' ? tag : null;
}

let cachedFields: readonly RecipeField[] | null = null;
const fields = (): readonly RecipeField[] => {
  cachedFields ??= recipeFields();
  return cachedFields;
};

function aboutOf(pattern: string, kind: string | null): string | null {
  const matching = fields().filter((field) => field.path === pattern);
  const exact = matching.find(
    (field) => field.of !== null && kind !== null && field.of.split(', ').includes(kind),
  );
  return (exact ?? matching.find((field) => field.of === null) ?? matching[0])?.about || null;
}

/**
 * @param base resolved recipe that this one is compared with; null = none, and every row is the `same`
 */
export function recipeRows(resolved: unknown, base: unknown): RecipeRow[] {
  const patterns = new Set(fields().map((field) => field.path));
  const root = { path: '', pattern: '', key: '', kind: null };
  const before =
    base === null ? null : new Map(leaves(base, root, patterns).map((leaf) => [leaf.key, leaf.value]));
  return leaves(resolved, root, patterns).map(({ path, pattern, kind, value, key }) => ({
    path,
    pattern,
    kind,
    value,
    about: aboutOf(pattern, kind),
    base:
      before === null
        ? { is: 'same' }
        : !before.has(key)
          ? { is: 'absent' }
          : JSON.stringify(before.get(key)) === JSON.stringify(value)
            ? { is: 'same' }
            : { is: 'other', value: before.get(key) },
  }));
}
