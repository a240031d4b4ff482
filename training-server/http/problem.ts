/** HTTP errors as problem documents (RFC 9457) with the project's error codes and parameters. */
import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import { CodedError } from '../../core/errors.ts';
import { errorMessage } from '../../core/text/error-messages.ts';
import { codedErrorSchema } from '../../core/training/run.ts';

/** Status and title of each code. */
const kinds: Readonly<Record<string, readonly [status: number, title: string]>> = {
  'train/request': [400, 'The request is not understood'],
  'train/body': [400, 'The body is not understood'],
  'train/token': [401, 'The token is missing or wrong'],
  'train/host': [403, 'The server is not known by this name'],
  'train/origin': [403, 'Another site asks'],
  'train/path': [403, 'Outside the folders that the server may read'],
  'train/route': [404, 'There is nothing here'],
  'train/run': [404, 'No such run'],
  'train/checkpoint-id': [404, 'No such checkpoint'],
  'train/package': [404, 'No such package'],
  'train/frame': [404, 'No such frame'],
  'train/method': [405, 'The method does not fit'],
  'train/state': [409, 'The state of the run does not allow it'],
  'train/body-size': [413, 'The body is too large'],
  'train/content-type': [415, 'The body is of another type'],
  'train/range': [416, 'The range lies outside the file'],
  'train/recipe': [422, 'The recipe cannot be run'],
  'train/busy': [429, 'Too many at once'],
  'train/closing': [503, 'The server is leaving'],
  'train/python': [503, 'Python is missing'],
  'train/torch': [503, 'PyTorch is missing'],
  'train/disk': [507, 'The disk is full'],
  'app/unexpected': [500, 'The server failed'],
};

export const problemSchema = z.strictObject({
  type: z.string().describe('`urn:vqathinker:error:` and the code.'),
  title: z.string(),
  status: z.int(),
  detail: z.string().describe('What happened and what to do, in English.'),
  code: z.string().describe('Stable code; the page has a message for it in each language.'),
  params: codedErrorSchema.shape.params,
  errors: z.array(codedErrorSchema).optional().describe('All faults, where there are several.'),
});
export type Problem = z.infer<typeof problemSchema>;

/** An error with several faults. */
export class SeveralErrors extends CodedError {
  readonly errors: readonly z.infer<typeof codedErrorSchema>[];

  constructor(errors: readonly [z.infer<typeof codedErrorSchema>, ...z.infer<typeof codedErrorSchema>[]]) {
    super(errors[0].code, errors[0].params, errors[0].message);
    this.errors = errors;
  }
}

export function problemOf(error: unknown): Problem {
  // An unexpected error may contain paths and tokens: it goes to the log only.
  const coded = error instanceof CodedError ? error : new CodedError('app/unexpected');
  const [status, title] =
    kinds[coded.code] ??
    (coded.code.startsWith('train/') ? [422, 'It cannot be done'] : [500, 'The server failed']);
  return {
    type: `urn:vqathinker:error:${coded.code}`,
    title,
    status,
    detail: errorMessage(coded),
    code: coded.code,
    params: { ...coded.params },
    ...(coded instanceof SeveralErrors && { errors: [...coded.errors] }),
  };
}

export function sendProblem(response: ServerResponse, error: unknown, headers: Record<string, string>): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const problem = problemOf(error);
  const body = JSON.stringify(problem);
  response.writeHead(problem.status, {
    ...headers,
    'Content-Type': 'application/problem+json',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    ...(problem.status === 401 && { 'WWW-Authenticate': 'Bearer' }),
    ...(problem.status === 429 && { 'Retry-After': '5' }),
  });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}
