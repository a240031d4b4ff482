/** The OpenAPI 3.1 document, generated from the schemas that the routes validate with. */
import { z } from 'zod';
import {
  checkpointSchema,
  codedErrorSchema,
  groupRecordSchema,
  logLineSchema,
  metricRecordSchema,
  recipeCardSchema,
  runEventSchema,
  runSchema,
  validationReportSchema,
} from '../../core/training/run.ts';
import { problemSchema } from './problem.ts';
import type { Route, Sends } from './route.ts';

type Json = Record<string, unknown>;

/** Schemas that the document names. */
const named: Readonly<Record<string, z.ZodType>> = {
  Checkpoint: checkpointSchema,
  CodedError: codedErrorSchema,
  GroupRecord: groupRecordSchema,
  LogLine: logLineSchema,
  MetricRecord: metricRecordSchema,
  Problem: problemSchema,
  RecipeCard: recipeCardSchema,
  Run: runSchema,
  RunEvent: runEventSchema,
  ValidationReport: validationReportSchema,
};

const uri = (id: string) => `#/components/schemas/${id}`;

function components(): Json {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { uri, unrepresentable: 'any' });
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, stripped(schema as Json)]));
}

/** Without `$schema` and `$id`: OpenAPI declares the JSON Schema version once for the document. */
function stripped({ $schema: _schema, $id: _id, ...rest }: Json): Json {
  return rest;
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const name = Object.keys(named).find((id) => named[id] === schema);
  if (name !== undefined) return { $ref: uri(name) };
  if (schema instanceof z.ZodArray)
    return { type: 'array', items: schemaOf(schema.element as z.ZodType, io) };
  return stripped(z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json);
}

function parameters(shape: z.ZodObject, location: 'path' | 'query'): Json[] {
  return Object.entries(shape.shape).map(([name, schema]) => {
    const { description, ...rest } = schemaOf(schema as z.ZodType, 'input');
    return {
      name,
      in: location,
      required: location === 'path' || !(schema as z.ZodType).safeParse(undefined).success,
      ...(typeof description === 'string' && { description }),
      schema: rest,
    };
  });
}

function content(sends: Sends): Json {
  if (sends === 'event-stream')
    return { 'text/event-stream': { schema: { type: 'string', description: 'Each `data` is a RunEvent' } } };
  if (typeof sends === 'string') return { [sends]: { schema: { type: 'string', format: 'binary' } } };
  return { 'application/json': { schema: schemaOf(sends, 'output') } };
}

/** `/api/packages/:id/files/*` as `/api/packages/{id}/files/{path}`. */
export const openApiPath = (path: string) => path.replace(/:(\w+)/g, '{$1}').replace(/\*$/, '{path}');

function operation(route: Route): Json {
  const codes = ['train/token', 'train/host', 'train/origin', 'train/request', ...route.fails];
  return {
    tags: [route.tag],
    summary: route.summary,
    operationId: `${route.method.toLowerCase()}${route.path
      .replace('/api', '')
      .replace(/[^a-zA-Z]+(\w?)/g, (_, letter: string) => letter.toUpperCase())}`,
    parameters: [...parameters(route.params, 'path'), ...parameters(route.query, 'query')],
    ...(route.body && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: schemaOf(route.body, 'input') } },
      },
    }),
    responses: {
      [route.status]: { description: 'Done', content: content(route.sends) },
      default: {
        description: `Refused. Codes: ${codes.join(', ')}`,
        content: { 'application/problem+json': { schema: { $ref: uri('Problem') } } },
      },
    },
  };
}

export function openApiOf(routes: readonly Route[], version: string): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const path = openApiPath(route.path);
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Training server',
      version,
      description:
        'Runs, their events and answers, checkpoints and model packages. docs/training-server.md says more.',
    },
    security: [{ token: [] }],
    paths,
    components: {
      schemas: components(),
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'Printed when the server starts' },
      },
    },
  };
}
