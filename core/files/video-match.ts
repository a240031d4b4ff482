/** Matching of score tables with videos: a table names files by other roots than the dropped folder. Ours. */

interface Matching {
  /** Index of the score of each video, null where there is none. */
  readonly scoreOf: readonly (number | null)[];
  /** Indices of scores without a video. */
  readonly withoutVideo: readonly number[];
  /** Indices of scores that fit several videos, or of which several fit one. */
  readonly ambiguous: readonly number[];
}

const parts = (path: string): string[] =>
  path
    .normalize('NFC')
    .split(/[\\/]+/)
    .filter((part) => part !== '' && part !== '.');
const bare = (name: string): string => name.replace(/\.[A-Za-z0-9]{2,4}$/, '');

/** Keys of one path, strictest first: the whole path, each shorter end of it, the last name without its ending. */
function keysOf(path: string): string[] {
  const names = parts(path);
  return [...names.map((_, k) => names.slice(k).join('/')), `bare:${bare(names.at(-1) ?? '')}`];
}

/**
 * Pairs by the longest common end of the paths; a name alone decides only where it is the only one of its kind. A score
 * is used once.
 *
 * @param videos paths of the videos, @param scores paths as the table names them
 */
export function matchScores(videos: readonly string[], scores: readonly string[]): Matching {
  const scoreOf: (number | null)[] = videos.map(() => null);
  const used = new Set<number>();
  const ambiguous = new Set<number>();
  const videoKeys = videos.map(keysOf);
  const scoreKeys = scores.map(keysOf);
  const depth = (keys: readonly string[], k: number) => keys.at(-1 - k);
  const deepest = Math.max(
    0,
    ...videoKeys.map((keys) => keys.length),
    ...scoreKeys.map((keys) => keys.length),
  );
  /** From the longest ends down to the bare name (0); a pair on a longer end is no candidate for shorter ones. */
  for (let k = deepest - 1; k >= 0; k -= 1) {
    const open = new Map<string, { videos: number[]; scores: number[] }>();
    const at = (key: string) => {
      const group = open.get(key) ?? { videos: [], scores: [] };
      open.set(key, group);
      return group;
    };
    videoKeys.forEach((keys, i) => {
      const key = depth(keys, k);
      if (key !== undefined && scoreOf[i] === null) at(key).videos.push(i);
    });
    scoreKeys.forEach((keys, j) => {
      const key = depth(keys, k);
      if (key !== undefined && !used.has(j)) at(key).scores.push(j);
    });
    for (const group of open.values()) {
      if (group.videos.length === 1 && group.scores.length === 1) {
        scoreOf[group.videos[0]!] = group.scores[0]!;
        used.add(group.scores[0]!);
      } else if (group.videos.length > 0) for (const j of group.scores) ambiguous.add(j);
    }
  }
  const withoutVideo = scores.flatMap((_, j) => (used.has(j) || ambiguous.has(j) ? [] : [j]));
  return { scoreOf, withoutVideo, ambiguous: [...ambiguous].filter((j) => !used.has(j)) };
}
