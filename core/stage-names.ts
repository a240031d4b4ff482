/**
 * Names of an assessment's stages in files and stored values of earlier versions, which are still read. Ours.
 */
const EARLIER: Readonly<Record<string, string>> = {
  look: 'encodeVision',
  motion: 'encodeMotion',
  prompt: 'prefill',
  write: 'generate',
};

/** A stage's present name; any other name is returned as it is. */
export function presentStageName<S extends string>(name: S): S {
  return (Object.hasOwn(EARLIER, name) ? EARLIER[name] : name) as S;
}

/** A record by stage under present names; a present name wins over an earlier one. */
export function withPresentStageNames<T>(byStage: Readonly<Record<string, T>>): Record<string, T> {
  const result: Record<string, T> = {};
  for (const [name, value] of Object.entries(byStage)) {
    const present = presentStageName(name);
    if (present === name || !Object.hasOwn(byStage, present)) result[present] = value;
  }
  return result;
}
