/** Routes of runs. */
import { z } from 'zod';
import { CodedError } from '../../../core/errors.ts';
import {
  groupRecordSchema,
  logLineSchema,
  metricRecordSchema,
  runSchema,
  validationReportSchema,
} from '../../../core/training/run.ts';
import { validateRecipe } from '../../preflight/validate.ts';
import { SeveralErrors } from '../problem.ts';
import { resolveGiven } from '../recipes.ts';
import { type Route, route } from '../route.ts';
import type { Services } from '../services.ts';

export const runParams = z.strictObject({ id: runSchema.shape.id });
/** A whole number in a query: digits only. */
const whole = (about: string) =>
  z
    .string()
    .regex(/^\d{1,12}$/, 'must be a whole number')
    .transform(Number)
    .describe(about);

const recipeBody = z.strictObject({
  recipe: z
    .union([z.string().max(60), z.record(z.string(), z.unknown())])
    .describe(
      'Name of a recipe of the repository, or a recipe; each field of the resolved recipe is validated.',
    ),
});

const resumeBody = z.strictObject({
  step: z
    .int()
    .min(0)
    .optional()
    .describe('Step of a checkpoint; default: the last. Later ones are deleted.'),
  lrFactor: z.number().positive().max(100).optional().describe('Multiplies the learning rate.'),
});

const noBody = z.strictObject({});
const steered = ['train/run', 'train/state'];

export const runRoutes = (services: Services): Route[] => [
  ...startRoutes(services),
  ...controlRoutes(services),
  ...recordRoutes(services),
];

/** Listing, validation and start of runs. */
function startRoutes({ runs, validation }: Services): Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/runs',
      tag: 'runs',
      summary: 'All runs, newest first',
      sends: z.array(runSchema),
      handle: async () => ({ json: [...runs.list()] }),
    }),
    route({
      method: 'POST',
      path: '/api/runs',
      tag: 'runs',
      summary: 'Checks a recipe and queues a run of it',
      body: recipeBody,
      sends: runSchema,
      status: 201,
      fails: [
        'train/recipe',
        'train/path',
        'train/missing-path',
        'train/checkpoint',
        'train/data',
        'train/labels',
        'train/python',
        'train/torch',
        'train/gpu',
      ],
      handle: async ({ body, signal }) => {
        const load = { ...validation.load, signal };
        const { report, recipe } = await validateRecipe(() => resolveGiven(body.recipe), {
          ...validation,
          load,
        });
        const [first, ...others] = report.errors;
        if (first !== undefined || recipe === null)
          throw first === undefined
            ? new CodedError('train/recipe', {})
            : new SeveralErrors([first, ...others]);
        const run = await runs.start(recipe);
        return { status: 201, json: run, headers: { Location: `/api/runs/${run.id}` } };
      },
    }),
    route({
      method: 'POST',
      path: '/api/validate',
      tag: 'recipes',
      summary: 'Validates a recipe: fields, paths, videos, labels, machine',
      body: recipeBody,
      sends: validationReportSchema,
      handle: async ({ body, signal }) => {
        const load = { ...validation.load, signal };
        return {
          json: (
            await validateRecipe(() => resolveGiven(body.recipe), {
              ...validation,
              load,
            })
          ).report,
        };
      },
    }),
  ];
}

/** One run: its state, pause, resume, stop and save. */
function controlRoutes({ runs }: Services): Route[] {
  const act = (name: 'pause' | 'stop' | 'save', summary: string): Route =>
    route({
      method: 'POST',
      path: `/api/runs/:id/${name}`,
      tag: 'runs',
      summary,
      params: runParams,
      body: noBody,
      sends: runSchema,
      fails: steered,
      handle: async ({ params }) => ({ json: await runs[name](params.id) }),
    });

  return [
    route({
      method: 'GET',
      path: '/api/runs/:id',
      tag: 'runs',
      summary: 'One run',
      params: runParams,
      sends: runSchema,
      fails: ['train/run'],
      handle: async ({ params }) => ({ json: runs.get(params.id) }),
    }),
    act('pause', 'Finishes the step, saves and releases the engine'),
    route({
      method: 'POST',
      path: '/api/runs/:id/resume',
      tag: 'runs',
      summary: 'Resumes from the last checkpoint, or from an earlier one',
      params: runParams,
      body: resumeBody,
      sends: runSchema,
      fails: steered,
      handle: async ({ params, body }) => {
        const { step, lrFactor } = body;
        const options = { ...(step !== undefined && { step }), ...(lrFactor !== undefined && { lrFactor }) };
        return { json: await runs.resume(params.id, options) };
      },
    }),
    act('stop', 'Finishes the step, saves and ends the run; it can be resumed'),
    act('save', 'Writes a checkpoint after this step'),
  ];
}

/** Records of a run: recipe, events, metrics, completions and log. */
function recordRoutes({ runs, events }: Services): Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/runs/:id/recipe',
      tag: 'runs',
      summary: 'The resolved recipe of a run',
      params: runParams,
      sends: z.record(z.string(), z.unknown()),
      fails: ['train/run'],
      handle: async ({ params }) => ({ json: await runs.recipe(params.id) }),
    }),
    route({
      method: 'GET',
      path: '/api/runs/:id/events',
      tag: 'runs',
      summary:
        'Server-Sent Events: the present run, then each event with its number; Last-Event-ID resumes after a number',
      params: runParams,
      query: z.strictObject({
        since: whole('Number of the last received event, where Last-Event-ID cannot be sent').optional(),
      }),
      sends: 'event-stream',
      fails: ['train/run', 'train/busy'],
      handle: async ({ params, query, request, response, headers }) => {
        const last = /^\d{1,15}$/.exec(String(request.headers['last-event-id'] ?? ''))?.[0];
        const since = last === undefined ? query.since : Number(last);
        if (request.method === 'HEAD') {
          runs.get(params.id);
          response.writeHead(200, { ...headers, 'Content-Type': 'text/event-stream; charset=utf-8' }).end();
        } else events.serve(runs, params.id, response, { ...headers }, since);
        return null;
      },
    }),
    route({
      method: 'GET',
      path: '/api/runs/:id/metrics',
      tag: 'runs',
      summary: 'Metric records of steps from … to, both included',
      params: runParams,
      query: z.strictObject({ from: whole('First step').optional(), to: whole('Last step').optional() }),
      sends: z.array(metricRecordSchema),
      fails: ['train/run'],
      handle: async ({ params, query: { from, to = Number.POSITIVE_INFINITY } }) => {
        const records = await runs.metrics(params.id, from);
        return { json: records.filter(({ step }) => step <= to) };
      },
    }),
    route({
      method: 'GET',
      path: '/api/runs/:id/completions',
      tag: 'runs',
      summary: 'Videos of a step with all completions and their rewards',
      params: runParams,
      query: z.strictObject({ step: whole('Optimiser step') }),
      sends: z.array(groupRecordSchema),
      fails: ['train/run'],
      handle: async ({ params, query }) => ({ json: await runs.completions(params.id, query.step) }),
    }),
    route({
      method: 'GET',
      path: '/api/runs/:id/log',
      tag: 'runs',
      summary: 'The last log lines of driver and engine',
      params: runParams,
      query: z.strictObject({ lines: whole('Number of lines, at most 10,000').optional() }),
      sends: z.array(logLineSchema),
      fails: ['train/run'],
      handle: async ({ params, query }) => ({
        json: await runs.log(params.id, Math.min(query.lines ?? 500, 10_000)),
      }),
    }),
  ];
}
