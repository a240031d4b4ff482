/**
 * Metrics that the paper prints for published data sets (Table 1), to compare with a run over the same videos. Ours.
 */
import table from './published.json' with { type: 'json' };

interface PublishedMethod {
  readonly name: string;
  readonly publication: string;
  readonly srcc: number;
  readonly plcc: number;
}

export interface PublishedSet {
  readonly name: string;
  /** Number of videos that the printed metrics cover. */
  readonly videos: number;
  /** Best SRCC first. */
  readonly methods: readonly PublishedMethod[];
}

export const publishedSource: string = table.source;

const plain = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, '');

/** Names that files and folders of the data sets go by, without case and marks. */
const otherNames: Readonly<Record<string, string>> = {
  konvid: 'KoNViD-1k',
  konvid1kvideos: 'KoNViD-1k',
  konvid1ktotaldsscore: 'KoNViD-1k',
  lsvqwholetestdsscore: 'LSVQ test',
  lsvqwholetest1080pdsscore: 'LSVQ 1080p',
  livevqctotaldsscore: 'LIVE-VQC',
  youtubeugctotal: 'YouTube-UGC',
  liveytgamingtotalscore: 'LIVE-YT-Gaming',
  cgvdstotalscore: 'CGVDS',
  livehfrtotalscore: 'LIVE-YT-HFR',
  livehfr: 'LIVE-YT-HFR',
  waterlooivc4ktotalscore: 'Waterloo-IVC-4K',
  vdpvetrainscore: 'VDPVE',
};

/**
 * Published metrics of a data set, by the name of its folder, table or `dataset_name`; null for any other. A name must
 * be the set's whole name: a guess would compare a run with metrics of other videos.
 */
export function publishedFor(name: string): PublishedSet | null {
  const key = plain(name.replace(/\.(csv|tsv|json|jsonl|txt)$/i, ''));
  const setName = otherNames[key] ?? table.datasets.find((set) => plain(set.name) === key)?.name;
  const set = table.datasets.find((one) => one.name === setName);
  if (!set) return null;
  const methods = table.methods.flatMap(({ name: method, publication, srcc, plcc }) => {
    const [s, p] = [
      (srcc as Record<string, number | undefined>)[set.name],
      (plcc as Record<string, number | undefined>)[set.name],
    ];
    return s === undefined || p === undefined ? [] : [{ name: method, publication, srcc: s, plcc: p }];
  });
  return { name: set.name, videos: set.videos, methods: methods.sort((a, b) => b.srcc - a.srcc) };
}

/** Names of the data sets with published metrics. */
export const publishedNames = (): readonly string[] => table.datasets.map(({ name }) => name);

export interface PublishedMetric {
  readonly dataset: string;
  readonly videos: number;
  readonly srcc: number;
  readonly plcc: number;
}

/** Published metrics of a method on the data sets of its training domain; none for a method that is not in the table. */
export function publishedOf(method: string): PublishedMetric[] {
  return table.datasets
    .filter(({ domain }) => domain === 'in')
    .flatMap(({ name: dataset, videos }) => {
      const row = publishedFor(dataset)?.methods.find(({ name }) => name === method);
      return row ? [{ dataset, videos, srcc: row.srcc, plcc: row.plcc }] : [];
    });
}
