/**
 * Faults of a recipe as the end of a sentence that begins with the name of the field: "stages[1].beta must be at
 * least 0". Ours.
 */
import type { z } from 'zod';
import { CodedError } from '../errors.ts';
import { fieldPath } from '../schema.ts';

const list = (values: readonly unknown[]): string => values.map((value) => JSON.stringify(value)).join(', ');

/** Issue of zod as the end of a sentence. */
function plainText(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return 'is missing';
      return `must be ${issue.expected === 'int' ? 'a whole number' : `of type ${issue.expected}`}`;
    case 'too_small':
      if (issue.origin === 'string' || issue.origin === 'array') return 'must not be empty';
      return `must be ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}`;
    case 'too_big':
      return `must be ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}`;
    case 'invalid_value':
      return issue.values.length === 1
        ? `must be ${list(issue.values)}`
        : `must be one of ${list(issue.values)}`;
    case 'unrecognized_keys':
      return 'is no field of a recipe';
    case 'invalid_union':
      return issue.input === undefined ? 'is missing' : 'has a value that is none of those allowed';
    default:
      return undefined;
  }
}

/**
 * The value as the schema reads it.
 *
 * @param root name put before the path of a fault
 * @throws CodedError `train/recipe` {field, problem} for the first fault; an unknown field is named itself
 */
export function readPlainly<T>(schema: z.ZodType<T>, value: unknown, root = ''): T {
  const result = schema.safeParse(value, { error: plainText });
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const extra = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  const field = fieldPath([...issue.path, ...extra], root);
  throw new CodedError(
    'train/recipe',
    { field, problem: issue.message },
    `train/recipe: ${field} ${issue.message}`,
  );
}

/** Types of a schema in words, for the table of fields. */
export function typeText(schema: z.core.$ZodType): string {
  const { def } = schema as unknown as { def: z.core.$ZodTypeDef & Record<string, unknown> };
  const inner = () => typeText(def.innerType as z.core.$ZodType);
  switch (def.type) {
    case 'default':
    case 'prefault':
    case 'optional':
      return inner();
    case 'nullable':
      return `${inner()} or null`;
    case 'literal':
      return list(def.values as unknown[]);
    case 'enum':
      return Object.keys(def.entries as object)
        .map((value) => JSON.stringify(value))
        .join(' | ');
    case 'array':
      return `list of ${typeText(def.element as z.core.$ZodType)}`;
    case 'tuple':
      return `[${(def.items as z.core.$ZodType[]).map(typeText).join(', ')}]`;
    case 'union':
      return (def.options as z.core.$ZodType[]).map(typeText).join(' | ');
    case 'object':
      return 'fields';
    case 'number':
      return (schema as z.ZodNumber).format === 'safeint' ? 'whole number' : 'number';
    default:
      return def.type;
  }
}
