/**
 * The words that docs/glossary.md replaces, searched in identifiers, file names and prose.
 *
 *     node scripts/glossary.ts [FOLDER …]     lists each finding as `path:line: word (use …)`
 */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './layers.ts';

/** Words that may stand in no identifier and no file name; with what to say instead. */
export const FORBIDDEN_IN_NAMES: Readonly<Record<string, string>> = {
  place: 'route, position, index, component, sampling rule …',
  places: 'routes, positions, indices, components, sampling rule …',
  judge: 'teacher head, predictor',
  judges: 'teacher heads, predictors',
  damage: 'perturbation (order) or distortion (picture)',
  damages: 'perturbations or distortions',
  damaged: 'perturbed or distorted',
  twin: 'perturbed',
  twins: 'perturbed',
  dialect: 'target',
  dialects: 'targets',
  lender: 'shared initializers',
  lifeline: 'pending calls',
  yardstick: 'validation baseline',
  lesson: 'target mapping',
  muted: 'zero-scaled (a player may be muted)',
  hearing: 'fine-tuning on predicted concepts',
  heard: 'predicted concepts',
  eyes: 'encoder id',
  viewfinder: 'drop zone',
  overtime: 'quality timeline',
  desk: 'video probe',
  peek: 'probe',
  memo: 'run metadata',
  reckoning: 'cost model',
  revived: 'recovered from rank failure',
  theirs: 'reference, expected',
  shelf: 'disk cache, store',
  standby: 'seek pool',
  hurry: 'interrupt',
  tend: 'schedule',
  wish: 'seek hint',
  wishes: 'seek hints',
  fuzz: 'label noise',
  doubtful: 'unmentioned',
  figure: 'metric',
  figures: 'metrics',
  kept: 'cached, stored, retained',
  known: 'existing, supported',
  found: 'result, match',
  own: 'local',
  mine: 'local',
  said: 'reported, stated',
  told: 'reported, stated',
  words: 'messages, t',
  picture: 'frame planes, RGB image, thumbnail',
  pictures: 'frame planes, RGB images, thumbnails',
  lanes: 'samples (per prompt)',
  trunk: 'backbone',
  intake: 'file input',
};

/** Names of libraries, the platform and published formats, which are not ours to choose. */
const FOREIGN = new Set([
  'FileNotFoundError',
  'hasOwn',
  'hasOwnProperty',
  'useMemo',
  'countCompleteWords',

  'hearingImpaired',
  'getOwnPropertyDescriptor',
  'getOwnPropertyNames',
  'PictureType',
  'fuzzer',
  'muted',
  'useMemo',
  'countCompleteWords',
  'disablePictureInPicture',
]);

interface Phrase {
  readonly pattern: RegExp;
  readonly use: string;
}

/** Phrases that may stand in no comment, document or text of the page. */
export const FORBIDDEN_IN_PROSE: readonly Phrase[] = [
  { pattern: /\bjudges?\b/i, use: 'model, teacher head, predictor' },
  { pattern: /\bdialects?\b/i, use: 'target' },
  { pattern: /\bdamaged (copy|copies|side|twin|order)s?\b/i, use: 'perturbed copy' },
  { pattern: /\b(golden places|place rule|places? in line)\b/i, use: 'sampling rule, position' },
  { pattern: /\btrue pixels\b/i, use: 'full-resolution frame' },
  { pattern: /\breduced frames?\b/i, use: 'proxy frames' },
  { pattern: /\b(standing decoders?|standby|lifelines?|yardsticks?|viewfinder)\b/i, use: 'docs/glossary.md' },
  { pattern: /\b(perturbed twins?|decoder hears|hearing phase|muted SlowFast)\b/i, use: 'docs/glossary.md' },
  { pattern: /\bquality over time (curve|file)\b/i, use: 'quality timeline' },
];
/** A comment begins with a noun or a verb. */
const OPENING = /^\s*(?:\/\*\*|\/\/|#|\*|"""|r""")\s*(?:What|Which|Whether|How)\b/;

export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly word: string;
  readonly use: string;
}

const CODE = /\.(ts|tsx|mts|mjs|py)$/;
/** This list itself, its document and its test; released formats that are read as they are. */
const EXEMPT =
  /^(scripts\/glossary(\.test)?\.ts|docs\/glossary\.md|docs\/log\/|package-lock\.json|.*\/earlier-[\w-]+(\.test)?\.ts$)/;

export const parts = (name: string): string[] =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .split(/[\s_$.-]+/)
    .map((part) => part.toLowerCase())
    .filter(Boolean);

/** Blanks text of strings and comments, keeps line ends; template expressions stay. */
function codeOnly(path: string, text: string): string {
  const blank = (match: string) => match.replace(/[^\n]/g, ' ');
  const keepExpressions = (template: string) =>
    template.replace(/\$\{[^{}`]*\}|[^$]+|\$/g, (part) =>
      part.startsWith('${') ? part.replace(/'[^']*'/g, blank) : blank(part),
    );
  if (path.endsWith('.py'))
    return text
      .replace(/"""[\s\S]*?"""/g, blank)
      .replace(/'[^'\n]*'|"(?:[^"\\\n]|\\.)*"/g, blank)
      .replace(/#.*$/gm, blank);
  // One pass, so that a quote inside a template or a comment opens no string.
  const skipped =
    /\/\*[\s\S]*?\*\/|\/\/.*$|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\$]|\\.|\$(?!\{)|\$\{[^{}`]*\})*`|<\/?figure\b/gm;
  return text.replace(skipped, (match) => (match.startsWith('`') ? keepExpressions(match) : blank(match)));
}

export function findingsOf(path: string, text: string): Finding[] {
  const list: Finding[] = [];
  const add = (line: number, word: string, use: string) => list.push({ path, line, word, use });
  for (const part of path.split('/').flatMap(parts))
    if (Object.hasOwn(FORBIDDEN_IN_NAMES, part)) add(0, part, FORBIDDEN_IN_NAMES[part]!);
  if (CODE.test(path)) {
    codeOnly(path, text)
      .split('\n')
      .forEach((line, index) => {
        for (const [name] of line.matchAll(/[A-Za-z_$][\w$]*/g)) {
          if (FOREIGN.has(name)) continue;
          const bad = parts(name).find((part) => Object.hasOwn(FORBIDDEN_IN_NAMES, part));
          if (bad !== undefined) add(index + 1, `${bad} in ${name}`, FORBIDDEN_IN_NAMES[bad]!);
        }
      });
  }
  text.split('\n').forEach((line, index) => {
    // A word that is refused or read as a former one is marked so.
    if (/(#|\/\/) former name$/.test(line)) return;
    for (const { pattern, use } of FORBIDDEN_IN_PROSE) {
      const match = pattern.exec(line);
      if (match) add(index + 1, match[0], use);
    }
    if (CODE.test(path) && OPENING.test(line))
      add(index + 1, line.trim().slice(0, 40), 'begin with a noun or a verb');
  });
  return list;
}

/** Files under version control, and new ones, in which the words are searched. */
export function searched(folders: readonly string[] = ['.']): string[] {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '--', ...folders];
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' })
    .trim()
    .split('\n')
    .filter((path) => /\.(ts|tsx|mts|mjs|py|css|md|html)$/.test(path) && !EXEMPT.test(path));
}

export function findings(folders?: readonly string[]): Finding[] {
  return searched(folders).flatMap((path) => {
    try {
      return findingsOf(path, readFileSync(join(root, path), 'utf8'));
    } catch {
      return []; // deleted, not yet staged
    }
  });
}

if (process.argv[1] === import.meta.filename) {
  const list = findings(process.argv.length > 2 ? process.argv.slice(2) : undefined);
  for (const { path, line, word, use } of list) console.log(`${path}:${line}: ${word} (use ${use})`);
  console.log(`${list.length} findings`);
}
