/** Matching of score tables with videos: a table names files by other roots than the dropped folder. Ours. */

interface Matching {
  /** Index of the score of each video, null where there is none. */
  readonly scoreOf: readonly (number | null)[];
  /** Indices of scores without a video. */
  readonly withoutVideo: readonly number[];
  /** Indices of scores that fit several videos. */
  readonly ambiguous: readonly number[];
  /** Indices of different scores of one video, by video; none of them is used. */
  readonly contradictions: readonly (readonly number[])[];
}

interface Score {
  /** As the table names it. */
  readonly path: string;
  readonly mos: number;
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
 * Pairs by the longest common end of the paths; a name alone decides only where it is the only one of its kind. Equal scores
 * of one video count as one, different ones are left out.
 *
 * @param videos paths of the videos
 */
export function matchScores(videos: readonly string[], scores: readonly Score[]): Matching {
  const scoreOf: (number | null)[] = videos.map(() => null);
  const closed = new Set<number>();
  const used = new Set<number>();
  const ambiguous = new Set<number>();
  const contradictions: number[][] = [];
  const videoKeys = videos.map(keysOf);
  const scoreKeys = scores.map(({ path }) => keysOf(path));
  const pair = (video: number, fitting: readonly number[]) => {
    closed.add(video);
    for (const j of fitting) used.add(j);
    const [first] = fitting as [number];
    if (fitting.every((j) => scores[j]!.mos === scores[first]!.mos)) scoreOf[video] = first;
    else contradictions.push([...fitting]);
  };
  const depths = [...videoKeys, ...scoreKeys].map((keys) => keys.length);
  /** From the longest ends down to the bare name (0); a pair on a longer end is no candidate for shorter ones. */
  for (let k = depths.reduce((a, b) => Math.max(a, b), 0) - 1; k >= 0; k -= 1) {
    const open = new Map<string, { videos: number[]; scores: number[] }>();
    const at = (key: string) => {
      const group = open.get(key) ?? { videos: [], scores: [] };
      open.set(key, group);
      return group;
    };
    videoKeys.forEach((keys, i) => {
      const key = keys.at(-1 - k);
      if (key !== undefined && !closed.has(i)) at(key).videos.push(i);
    });
    scoreKeys.forEach((keys, j) => {
      const key = keys.at(-1 - k);
      if (key !== undefined && !used.has(j)) at(key).scores.push(j);
    });
    for (const group of open.values()) {
      const [video, ...others] = group.videos;
      if (video === undefined || group.scores.length === 0) continue;
      if (others.length === 0) pair(video, group.scores);
      else for (const j of group.scores) ambiguous.add(j);
    }
  }
  const left = scores.flatMap((_, j) => (used.has(j) || ambiguous.has(j) ? [] : [j]));
  return {
    scoreOf,
    withoutVideo: left,
    ambiguous: [...ambiguous].filter((j) => !used.has(j)),
    contradictions,
  };
}
