/** `vqathinker mcp`: the command as a Model Context Protocol server on standard input and output. */
import { realpathSync } from 'node:fs';
import { resolve, sep } from 'node:path';
import { McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';
import { viewAnswer } from '../../core/answer/answer-stream.ts';
import { bandOf } from '../../core/answer/grades.ts';
import { distortionLabel, distortionsOf, findDistortions } from '../../core/answer/lexicon.ts';
import { CodedError } from '../../core/errors.ts';
import type { Scale } from '../../core/files/manifest.ts';
import { errorMessage } from '../../core/text/error-messages.ts';
import { mediaNoticeText } from '../../core/text/media-notices.ts';
import { compareFiles } from '../node/compare-files.ts';
import { nodeMedia } from '../node/media.ts';
import { loadModel } from '../node/model.ts';
import { preparePlatform } from '../node/platform.ts';
import { errorData, type Scored, type Unreadable } from '../node/rows.ts';
import { type Session, scoreFile } from '../node/score-file.ts';
import { Arguments, UsageError } from './arguments.ts';
import { deviceOf, modelOf } from './model-choice.ts';
import { STATUS } from './status.ts';

const MOST_FILES = 100;
const MOST_ANSWERS = 8;

export interface McpParts {
  /** Opens decoder and model; called once, at the first call of a tool. */
  readonly open: () => Promise<Session>;
  /** Files outside this folder are refused; null: any file that this user can read. */
  readonly root: string | null;
}

/**
 * The real path of a file, links resolved.
 *
 * @throws CodedError `command/outside` for a file outside the root; Error of the file system
 */
export function pathWithin(root: string | null, path: string): string {
  const real = realpathSync(resolve(path));
  if (root === null) return real;
  const top = realpathSync(root);
  if (real !== top && !real.startsWith(top.endsWith(sep) ? top : top + sep))
    throw new CodedError(
      'command/outside',
      { root },
      `The file lies outside ${root}, the folder of this server.`,
    );
  return real;
}

type Result = {
  content: { type: 'text'; text: string }[];
  structuredContent?: Record<string, unknown>;
  isError?: boolean;
};

const answered = (structured: object): Result => ({
  content: [{ type: 'text', text: JSON.stringify(structured) }],
  structuredContent: structured as Record<string, unknown>,
});

const refused = (error: unknown): Result => ({
  content: [{ type: 'text', text: errorMessage(CodedError.fromData(errorData(error))) }],
  isError: true,
});

/** A sentence about the numbers, so that a reader takes none for more than it is. */
function scaleText({ kind, range: [low, high] }: Scale): string {
  const ends = `Scores run from ${low} (bad) to ${high} (excellent).`;
  if (kind === 'human') return `${ends} The model was trained on scores of people.`;
  return `${ends} The scale is the model's own and no average of people's scores: compare scores with each other.`;
}

/** A scored file for a reader of text: what the model says, in which words, and of which file. */
export function explanation({ text, ...row }: Scored, scale: Scale) {
  const { thinking } = viewAnswer(text);
  const marks = findDistortions(thinking);
  const { named, ruledOut } = distortionsOf(marks);
  return {
    path: row.path,
    score: row.score,
    grade: row.score === null ? null : bandOf(row.score).word,
    scale: scaleText(scale),
    text: thinking.trim(),
    distortions: named.map((id) => ({
      id,
      name: distortionLabel(id, 'en'),
      phrases: marks
        .filter((mark) => mark.id === id && mark.says === 'found')
        .map(({ start, end }) => thinking.slice(start, end)),
    })),
    ruled_out: ruledOut,
    video: row.video,
    notices: row.notices.map((notice) => mediaNoticeText('en', notice)),
    model: row.model,
  };
}

/** Calls one after another: each takes the processor as a whole. A session that cannot be opened is tried anew by the next. */
class Turns {
  readonly #open: () => Promise<Session>;
  #session: Session | null = null;
  #last: Promise<unknown> = Promise.resolve();

  constructor(open: () => Promise<Session>) {
    this.#open = open;
  }

  /** The result of the work in its turn; a fault is a result too, in words. */
  take(work: (session: Session) => Promise<Result>): Promise<Result> {
    const next = this.#last.then(async () => {
      try {
        this.#session ??= await this.#open();
        return await work(this.#session);
      } catch (error) {
        return refused(error);
      }
    });
    this.#last = next;
    return next;
  }
}

const readOnly = { readOnlyHint: true, openWorldHint: false };
const path = z.string().min(1).describe('path of a video file on this machine');

type Tool = (server: McpServer, turns: Turns, root: string | null) => void;

const addScore: Tool = (server, turns, root) =>
  server.registerTool(
    'score',
    {
      title: 'Score videos',
      description:
        'Perceptual quality of video files on the model’s scale (`scale` in each row, higher is better), without a reference. A file that cannot be read has an error; the others are scored.',
      inputSchema: z.object({
        paths: z.array(path).min(1).max(MOST_FILES),
        every: z.number().min(1).optional().describe('seconds: scores of parts of this length too'),
      }),
      annotations: readOnly,
    },
    ({ paths, every = 0 }, { mcpReq: { signal } }) =>
      turns.take(async (session) => {
        const rows: (Omit<Scored, 'text'> | Unreadable)[] = [];
        for (const name of paths)
          try {
            const options = { every, people: false, signal };
            const { text: _, ...row } = await scoreFile(pathWithin(root, name), session, options);
            rows.push({ ...row, path: name });
          } catch (error) {
            signal.throwIfAborted();
            rows.push({ path: name, error: errorData(error) });
          }
        return answered({ rows });
      }),
  );

const addExplain: Tool = (server, turns, root) =>
  server.registerTool(
    'explain',
    {
      title: 'Explain the quality of a video',
      description:
        'What is wrong with a video in words: the model’s text, the distortions that it names, the score and its scale, and what is odd about the file.',
      inputSchema: z.object({ path }),
      annotations: readOnly,
    },
    ({ path: name }, { mcpReq: { signal } }) =>
      turns.take(async (session) => {
        const options = { every: 0, people: false, signal };
        const scored = await scoreFile(pathWithin(root, name), session, options);
        return answered(explanation({ ...scored, path: name }, session.model.facts.manifest.scale));
      }),
  );

const addCompare: Tool = (server, turns, root) =>
  server.registerTool(
    'compare',
    {
      title: 'Compare two videos',
      description:
        'Both scores with the interval of their difference, and PSNR and SSIM of luma over the pairs of frames shown at the same times.',
      inputSchema: z.object({
        a: path,
        b: path,
        answers: z
          .int()
          .min(1)
          .max(MOST_ANSWERS)
          .default(4)
          .describe('answers a side; the interval needs at least 2'),
      }),
      annotations: readOnly,
    },
    ({ a, b, answers }, { mcpReq: { signal } }) =>
      turns.take(async (session) => {
        const paths = [pathWithin(root, a), pathWithin(root, b)] as const;
        const made = await compareFiles(paths, answers, session, signal);
        const { luma, summary } = made.full_reference;
        return answered({
          a: { ...made.a, path: a },
          b: { ...made.b, path: b },
          preference: made.preference,
          full_reference: { luma, summary },
        });
      }),
  );

/** The server with its three tools. */
export function mcpServer({ open, root }: McpParts, version: string): McpServer {
  const server = new McpServer({ name: 'vqathinker', version }, { capabilities: { tools: {} } });
  const turns = new Turns(open);
  for (const add of [addScore, addExplain, addCompare]) add(server, turns, root);
  return server;
}

/**
 * Serves until the client closes standard input, or the signal.
 *
 * @throws UsageError
 */
export async function mcp(args: readonly string[], signal: AbortSignal): Promise<number> {
  const given = new Arguments('mcp', args);
  given.none();
  deviceOf(given);
  const model = modelOf(given);
  const root = given.text('root');
  if (root !== null)
    try {
      realpathSync(root);
    } catch {
      throw new UsageError(`There is no folder ${root}.`);
    }
  // Standard output carries the protocol alone.
  for (const name of ['log', 'info', 'debug'] as const) console[name] = console.error;
  const open = async (): Promise<Session> => {
    preparePlatform();
    return { media: nodeMedia(), model: await loadModel(model) };
  };
  const handle = serveStdio(() => mcpServer({ open, root }, import.meta.env.APP_VERSION ?? ''));
  await new Promise<void>((done) => {
    process.stdin.once('close', done);
    process.stdin.once('end', done);
    signal.addEventListener('abort', () => done(), { once: true });
  });
  await handle.close();
  return STATUS.passed;
}
