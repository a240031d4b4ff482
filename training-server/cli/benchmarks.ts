/** The ten test sets of the paper as the released test script names them: file of human scores, folder of the videos. */
import { publishedFor } from '../../core/stats/published.ts';

export interface Benchmark {
  /** As in Table 1. */
  readonly name: string;
  /** `annotations` with `image_id` and `score`. */
  readonly annotations: string;
  /** Folder of the videos, below that of all test sets. */
  readonly videos: string;
  readonly domain: 'in' | 'out';
}

const one = (domain: Benchmark['domain'], name: string, annotations: string, videos: string): Benchmark => ({
  name,
  annotations,
  videos,
  domain,
});

export const benchmarks: readonly Benchmark[] = [
  one('in', 'LSVQ test', 'LSVQ_whole_test_ds_score.json', 'LSVQ'),
  one('in', 'LSVQ 1080p', 'LSVQ_whole_test_1080p_ds_score.json', 'LSVQ'),
  one('in', 'KoNViD-1k', 'Konvid-1k_total_ds_score.json', 'KoNViD_1k_videos'),
  one('in', 'LIVE-VQC', 'LIVE-VQC_total_ds_score.json', 'LIVE_VQC/Video'),
  one('in', 'YouTube-UGC', 'youtube_ugc_total.json', 'youtube_ugc'),
  one('out', 'LIVE-YT-Gaming', 'LIVE-YT-Gaming_total_score.json', 'live_yt_gaming'),
  one('out', 'CGVDS', 'CGVDS_total_score.json', 'cgvds'),
  one('out', 'LIVE-YT-HFR', 'live_hfr_total_score.json', 'live_yt_hfr'),
  one('out', 'Waterloo-IVC-4K', 'Waterloo_IVC_4K_total_score.json', 'waterloo_ivc_4k'),
  one('out', 'VDPVE', 'VDPVE_train_score.json', 'VDPVE'),
];

const plain = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, '');

/** Test sets of a name, case and marks aside: all of them for `all`; empty for an unknown name. */
export const benchmarksNamed = (name: string): readonly Benchmark[] =>
  benchmarks.filter((benchmark) => name === 'all' || plain(benchmark.name) === plain(name));

/** SRCC and PLCC that the paper prints for its model; null where it prints none. */
export function publishedMetrics(name: string): { readonly srcc: number; readonly plcc: number } | null {
  return publishedFor(name)?.methods.find((method) => method.name.startsWith('VQAThinker')) ?? null;
}
