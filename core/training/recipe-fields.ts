/**
 * Fields of a recipe with type, default and explanation, derived from the schema for the docs and the page. Ours.
 */
import type { z } from 'zod';
import { recipeSchema } from './recipe.ts';
import { typeText } from './recipe-text.ts';

export interface RecipeField {
  /** `stages[].optimiser.lr`, `sources.*.file`. */
  readonly path: string;
  /** Where a field belongs to one kind of stage or source only: `grpo`, `jsonl`. */
  readonly of: string | null;
  readonly type: string;
  /** JSON of the default; null = must be given, or comes from the mode. */
  readonly default: string | null;
  readonly about: string;
}

type Schema = z.core.$ZodType;
interface Def {
  readonly type: string;
  readonly innerType?: Schema;
  readonly defaultValue?: unknown;
  readonly shape?: Record<string, Schema>;
  readonly options?: Schema[];
  readonly element?: Schema;
  readonly valueType?: Schema;
  readonly discriminator?: string;
  readonly values?: unknown[];
}
const defOf = (schema: Schema): Def => (schema as unknown as { def: Def }).def;

/** Without default, null and optional; with the first explanation and default on the way in. */
function bare(schema: Schema): { schema: Schema; about: string; default: string | null } {
  let about = '';
  let fallback: string | null = null;
  for (let at = schema; ; ) {
    const def = defOf(at);
    about ||= (at as unknown as { description?: string }).description ?? '';
    if (def.type === 'default' && fallback === null) fallback = JSON.stringify(def.defaultValue);
    if (def.innerType === undefined) return { schema: at, about, default: fallback };
    at = def.innerType;
  }
}

function walk(schema: Schema, path: string, of: string | null): RecipeField[] {
  const { schema: inner } = bare(schema);
  const def = defOf(inner);
  if (def.type === 'array' && def.element) return walk(def.element, `${path}[]`, of);
  if (def.type === 'record' && def.valueType) return walk(def.valueType, `${path}.*`, of);
  if (def.type === 'union' && def.discriminator !== undefined) {
    const kinds = def.options!.map((option) => {
      const tag = defOf(option).shape![def.discriminator!]!;
      return { kind: String(defOf(tag).values![0]), fields: Object.keys(defOf(option).shape!), option };
    });
    const seen = new Set<string>();
    return kinds.flatMap(({ kind, option }) =>
      Object.entries(defOf(option).shape!).flatMap(([key, field]) => {
        const everywhere = kinds.every((other) => other.fields.includes(key));
        const isTag = key === def.discriminator;
        const id = isTag ? `${kind}/${key}` : key;
        if (seen.has(id)) return [];
        seen.add(id);
        const holders = kinds.filter((other) => other.fields.includes(key)).map((other) => other.kind);
        return rows(key, field, path, everywhere && !isTag ? of : isTag ? kind : holders.join(', '));
      }),
    );
  }
  if (def.type !== 'object') return [];
  return Object.entries(def.shape!).flatMap(([key, field]) => rows(key, field, path, of));
}

function rows(key: string, field: Schema, path: string, of: string | null): RecipeField[] {
  const at = path === '' ? key : `${path}.${key}`;
  const { about, default: fallback } = bare(field);
  return [{ path: at, of, type: typeText(field), default: fallback, about }, ...walk(field, at, of)];
}

/** In the order of the schema. */
export function recipeFields(): RecipeField[] {
  return walk(recipeSchema, '', null);
}
