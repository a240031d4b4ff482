/** Parts of a folder that can be checked, and what it holds that cannot. Nothing is expected of it beforehand. */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { ruleChecks } from './rules/rules.ts';

export interface Contents {
  /** Files of rules that there is a check for. */
  readonly rules: readonly string[];
  /** `index.json` of resized images. */
  readonly resize: string | null;
  readonly preprocess: string | null;
  /** Folder of the clips that `preprocess` names. */
  readonly media: string | null;
  readonly checkpoints: readonly string[];
  /** Paths that no check reads. */
  readonly extra: readonly string[];
  /** Names of known files that are not here. */
  readonly missing: readonly string[];
}

const hasWeights = (names: readonly string[]) =>
  names.some((name) => name === 'model.safetensors' || name === 'model.safetensors.index.json');

/** Documents and hidden files say nothing to check. */
const isSilent = (name: string) => name.startsWith('.') || name.endsWith('.md') || name.endsWith('.txt');

export function contentsOf(folder: string): Contents {
  const rules: string[] = [];
  const checkpoints: string[] = [];
  const extra: string[] = [];
  let resize: string | null = null;
  let preprocess: string | null = null;

  const visit = (at: string): void => {
    const entries = readdirSync(at, { withFileTypes: true }).sort((a, b) => a.name.localeCompare(b.name));
    const names = entries.map((entry) => entry.name);
    if (names.includes('config.json') && hasWeights(names)) {
      checkpoints.push(at);
      return;
    }
    if (basename(at) === 'resize' && names.includes('index.json')) {
      resize = join(at, 'index.json');
      return;
    }
    for (const entry of entries) {
      const path = join(at, entry.name);
      if (entry.isDirectory()) {
        if (!entry.name.startsWith('.') && path !== join(folder, 'media')) visit(path);
      } else if (entry.name in ruleChecks) rules.push(path);
      else if (entry.name === 'preprocess.json') preprocess = path;
      else if (!isSilent(entry.name)) extra.push(relative(folder, path));
    }
  };
  visit(folder);

  const seen = new Set(rules.map((path) => basename(path)));
  const missing = Object.keys(ruleChecks).filter((name) => !seen.has(name));
  if (resize === null) missing.push('resize/index.json');
  if (preprocess === null) missing.push('preprocess.json');
  if (checkpoints.length === 0) missing.push('a checkpoint (config.json with model.safetensors)');
  const candidates = [
    join(folder, 'media'),
    join(folder, '..', 'media'),
    process.env.VQA_SHARED && join(process.env.VQA_SHARED, 'media'),
  ];
  const media = candidates.find((candidate) => candidate && existsSync(candidate)) ?? null;
  return { rules, resize, preprocess, media, checkpoints, extra, missing };
}
