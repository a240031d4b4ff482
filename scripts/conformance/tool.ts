/** Stages that run in another process and print one JSON object a line: `{stage, name, cases, error, limit, ok}`. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type Line, miss, summary } from './line.ts';

interface Printed {
  readonly stage?: unknown;
  readonly name?: unknown;
  readonly cases?: unknown;
  readonly error?: unknown;
  readonly limit?: unknown;
  readonly ok?: unknown;
  readonly misses?: unknown;
}

/** A line that a stage printed; null for anything else, such as a library's warning. */
export function readLine(text: string): Line | null {
  if (!text.startsWith('{')) return null;
  let printed: Printed;
  try {
    printed = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof printed.ok !== 'boolean' || printed.name === undefined) return null;
  const number = (value: unknown) => (typeof value === 'number' ? value : Number.NaN);
  const unfit = !printed.ok && typeof printed.error !== 'number' ? ['could not be compared'] : [];
  return {
    stage: String(printed.stage ?? ''),
    name: String(printed.name),
    cases: typeof printed.cases === 'number' ? printed.cases : 0,
    error: number(printed.error ?? 0),
    limit: number(printed.limit ?? 0),
    ok: printed.ok,
    misses: Array.isArray(printed.misses) ? printed.misses.map(String) : unfit,
  };
}

interface Tool {
  /** Name of the stage in the output. */
  readonly stage: string;
  /** Subject of the comparison, put before the names that the tool prints. */
  readonly subject: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs a tool; its lines, grouped by the file that they name. A tool that fails or prints nothing is a miss. */
export async function runTool(tool: Tool, verbose: boolean): Promise<Line[]> {
  const child = spawn(tool.command, [...tool.args], {
    cwd: tool.cwd,
    env: { ...process.env, ...tool.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: Line[] = [];
  let complaint = '';
  child.stderr.on('data', (chunk) => {
    complaint = (complaint + chunk).slice(-4000);
  });
  const ended = new Promise<number>((done) => {
    child.on('error', (error) => {
      complaint = error.message;
      done(-1);
    });
    child.on('close', (status) => done(status ?? -1));
  });
  for await (const text of createInterface({ input: child.stdout })) {
    const line = readLine(text);
    if (line) lines.push(line);
  }
  const status = await ended;
  const groups = Map.groupBy(lines, (line) => line.stage);
  const shown = [...groups].flatMap(([group, members]) => {
    const name = group === '' || tool.subject.includes(group) ? tool.subject : `${tool.subject} ${group}`;
    return verbose
      ? members.map((line) => ({ ...line, stage: tool.stage, name: `${name} ${line.name}` }))
      : [summary(tool.stage, name, members)];
  });
  const why = complaint.trim().split('\n').at(-1) || `exit status ${status}`;
  if (lines.length === 0) return [miss(tool.stage, tool.subject, `nothing was compared: ${why}`)];
  if (status !== 0 && lines.every((line) => line.ok))
    return [...shown, miss(tool.stage, tool.subject, `stopped early: ${why}`)];
  return shown;
}
