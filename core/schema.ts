/** Checks of data from outside against a zod schema, with a coded error that names the field. Ours. */
import type { z } from 'zod';
import { CodedError } from './errors.ts';

/** `['files', 3, 'bytes']` as `files[3].bytes`. */
export function fieldPath(path: readonly PropertyKey[], root = ''): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? String(key) : `${text}.${String(key)}`;
  }, root);
}

/**
 * The value as the schema reads it.
 *
 * @param code error code on a fault; its parameters are `field` (path of the first fault, with unknown fields named
 *   themselves) and `problem` (one English line)
 * @param root name put before the path when the value is part of something larger
 */
export function readAs<T>(schema: z.ZodType<T>, value: unknown, code: string, root = ''): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const extra = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  const field = fieldPath([...issue.path, ...extra], root);
  const problem = extra.length > 0 ? 'unknown field' : issue.message;
  throw new CodedError(code, { field, problem }, `${code}: ${field}: ${problem}`);
}

/**
 * Refuses a file of another format before its fields are read, since a later format may differ in every field.
 *
 * @throws CodedError `result/version` {format, reads}
 */
export function refuseOtherFormat(value: unknown, reads: number): void {
  if (typeof value !== 'object' || value === null || !('format' in value)) return;
  const { format } = value;
  if (typeof format === 'number' && format !== reads)
    throw new CodedError('result/version', { format, reads });
}

/**
 * For `z.preprocess`: an object in which the keys of an earlier version of a format have their present names. Other values
 * are left to the schema, and so is an object that has both names.
 *
 * @example z.preprocess(renamedKeys(['figures', 'metrics']), z.strictObject({ metrics }))
 */
export const renamedKeys =
  (...names: readonly (readonly [earlier: string, now: string])[]) =>
  (value: unknown): unknown =>
    typeof value !== 'object' || value === null
      ? value
      : Object.fromEntries(
          Object.entries(value).map(([key, field]) => {
            const name = names.find(([earlier]) => earlier === key)?.[1] ?? key;
            return [Object.hasOwn(value, name) ? key : name, field];
          }),
        );
